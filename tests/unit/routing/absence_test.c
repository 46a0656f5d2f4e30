// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// Whether ospfd has died, with a process in its place.
#include "control/routing/absence.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#define WAIT_S 20

static struct ospf_interface_config interface = { .dead_interval_s = 4 };
static struct ospf_area_config area = { .interfaces = &interface, .n_interfaces = 1 };
static const struct ospf_config ospf = { .graceful_restart_s = 120, .areas = &area, .n_areas = 1 };

struct daemon {
	pid_t pid;
	int fd; // connection
};

// A process that listens, as ospfd does at its vty socket.
static struct daemon start(void)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	struct daemon d = { .fd = socket(AF_UNIX, SOCK_STREAM, 0) };
	int ready[2], listener;
	socklen_t len;
	char c;

	snprintf(a.sun_path + 1, sizeof(a.sun_path) - 1, "vrouter-absence-%d", (int)getpid());
	len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + strlen(a.sun_path + 1));
	assert_int_equal(pipe(ready), 0);
	d.pid = fork();
	if (d.pid == 0) {
		listener = socket(AF_UNIX, SOCK_STREAM, 0);
		if (bind(listener, (struct sockaddr *)&a, len) != 0 || listen(listener, 1) != 0 ||
			write(ready[1], "r", 1) != 1)
			_exit(1);
		alarm(WAIT_S);
		pause();
		_exit(0);
	}
	assert_int_equal(read(ready[0], &c, 1), 1);
	close(ready[0]);
	close(ready[1]);
	assert_int_equal(connect(d.fd, (struct sockaddr *)&a, len), 0);
	return d;
}

// Dead, but not yet waited for: nobody has heard of it by other means.
static void kill_it(struct daemon *d)
{
	siginfo_t info;

	kill(d->pid, SIGKILL);
	assert_int_equal(waitid(P_PID, (id_t)d->pid, &info, WEXITED | WNOWAIT), 0);
}

static void forget(struct daemon *d)
{
	waitpid(d->pid, NULL, 0);
	close(d->fd);
}

static void see(struct absence *a, const struct daemon *d)
{
	struct process p;

	assert_true(process_behind(d->fd, &p));
	assert_int_equal(p.pid, d->pid);
	assert_true(process_lives(&p));
	absence_seen(a, &p);
}

static void a_death_is_seen_at_once(void **state)
{
	struct absence a = { 0 };
	struct daemon d = start();
	uint64_t young;

	absence_configure(&a, &ospf);
	see(&a, &d);
	young = absence_now(&a);
	assert_true(young != 0); // it has just begun to learn
	kill_it(&d);
	assert_true(absence_now(&a) > young);
	assert_int_equal(absence_now(&a), young + 1); // one death
	forget(&d);
	assert_int_equal(absence_now(&a), young + 1);
}

static void the_next_one_has_time_to_learn(void **state)
{
	struct absence a = { 0 };
	struct daemon d = start(), next;
	uint64_t number;

	absence_configure(&a, &ospf);
	see(&a, &d);
	kill_it(&d);
	forget(&d);
	next = start();
	see(&a, &next); // nobody has asked in between
	number = absence_now(&a);
	assert_int_equal(number, 2);
	a.learning_ms = 0;
	assert_int_equal(absence_now(&a), 0);
	absence_force(&a);
	assert_int_equal(absence_now(&a), 0); // of no time
	a.learning_ms = 60000;
	absence_force(&a);
	assert_true(absence_now(&a) > number);
	kill_it(&next);
	forget(&next);
}

static void it_does_not_last_for_ever(void **state)
{
	struct absence a = { 0 };

	absence_configure(&a, &ospf);
	assert_int_equal(absence_now(&a), 1); // none was there from the beginning
	a.until_ms = 0;
	assert_int_equal(absence_now(&a), 0);
}

static void nothing_is_held_unless_configured(void **state)
{
	static const struct ospf_config none = { .graceful_restart_s = 120 };
	static const struct ospf_config off = { .areas = &area, .n_areas = 1 };
	struct absence a = { 0 };

	absence_configure(&a, &none);
	assert_int_equal(absence_now(&a), 0);
	absence_configure(&a, &off);
	assert_int_equal(absence_now(&a), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_death_is_seen_at_once),
		cmocka_unit_test(the_next_one_has_time_to_learn),
		cmocka_unit_test(it_does_not_last_for_ever),
		cmocka_unit_test(nothing_is_held_unless_configured),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
