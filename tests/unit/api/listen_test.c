// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// Who may have the API's unix socket: one process at a time, and nobody's children.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "control/api/listen.h"

struct place {
	char directory[32];
	char path[64];
};

static int place_make(void **state)
{
	struct place *p = calloc(1, sizeof(*p));

	assert_non_null(p);
	strcpy(p->directory, "/tmp/listen-XXXXXX");
	assert_non_null(mkdtemp(p->directory));
	snprintf(p->path, sizeof(p->path), "%s/api.sock", p->directory);
	*state = p;
	return 0;
}

static int place_remove(void **state)
{
	struct place *p = *state;

	(void)unlink(p->path);
	assert_int_equal(rmdir(p->directory), 0);
	free(p);
	return 0;
}

static void one_process_at_a_time(void **state)
{
	const struct place *p = *state;
	int fd = listen_unix(p->path);
	struct stat st;

	assert_true(fd >= 0);
	assert_int_equal(stat(p->path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0660);
	assert_int_equal(listen_unix(p->path), -EADDRINUSE);
	close(fd);
	fd = listen_unix(p->path);
	assert_true(fd >= 0);
	close(fd);
}

// Listens in a process that ends and leaves a child, which has the socket until the pipe `hold`
// ends.
static void listen_and_die(const char *path, const int hold[2])
{
	int status;
	pid_t pid = fork();
	char c;

	assert_true(pid >= 0);
	if (pid == 0) {
		close(hold[1]);
		if (listen_unix(path) < 0)
			_exit(1);
		pid = fork();
		if (pid == 0)
			_exit((int)read(hold[0], &c, 1));
		_exit(pid < 0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
}

static void a_child_of_the_last_process_keeps_nobody_out(void **state)
{
	const struct place *p = *state;
	int hold[2], fd;

	assert_int_equal(prctl(PR_SET_CHILD_SUBREAPER, 1), 0);
	assert_int_equal(pipe(hold), 0);
	listen_and_die(p->path, hold);
	fd = listen_unix(p->path);
	assert_true(fd >= 0);
	close(fd);
	close(hold[0]);
	close(hold[1]);
	assert_true(waitpid(-1, NULL, 0) > 0); // that child
}

static void what_is_no_socket_stays(void **state)
{
	const struct place *p = *state;
	FILE *f = fopen(p->path, "w");

	assert_non_null(f);
	assert_int_equal(fclose(f), 0);
	assert_int_equal(listen_unix(p->path), -EEXIST);
	assert_int_equal(access(p->path, F_OK), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(one_process_at_a_time, place_make, place_remove),
		cmocka_unit_test_setup_teardown(
			a_child_of_the_last_process_keeps_nobody_out, place_make, place_remove),
		cmocka_unit_test_setup_teardown(what_is_no_socket_stays, place_make, place_remove),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
