// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// The NAT log: the lines, what a full ring, a full disk and an absent syslog cost, and the rate.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <rte_cycles.h>

#include "dataplane/main/dataplane.h"
#include "dataplane/main/session_log.h"
#include "dataplane/main/set.h"
#include "dataplane/session/event_text.h"

#define BURST 100000 // 100 ms at 1 M/s

static struct session_key key(
	const char *src, uint16_t sport, const char *dst, uint16_t dport, uint8_t proto)
{
	return (struct session_key){ .src = inet_addr(src),
		.dst = inet_addr(dst),
		.sport = htons(sport),
		.dport = htons(dport),
		.proto = proto };
}

static const struct session *udp_session(void)
{
	static struct session s;

	s.key[0] = key("10.0.0.5", 2000, "198.51.100.9", 53, 17);
	s.key[1] = key("198.51.100.9", 53, "203.0.113.7", 3000, 17);
	s.flags = SESSION_SNAT;
	s.rule_kind = OBJ_SNAT;
	s.rule = s.snat_rule = 3;
	s.uplink = 2;
	return &s;
}

static void assert_line(const struct session_event *e, bool destinations, const char *expected)
{
	const struct timespec when = { .tv_sec = 1795263648, .tv_nsec = 7999999 };
	char line[EVENT_TEXT_MAX + 1];

	line[event_text(e, &when, e->uplink != 0 ? "pub0" : NULL, destinations, line)] = '\0';
	assert_string_equal(line, expected);
}

static void test_lines(void **state)
{
	struct session_event e = {
		.key = { key("10.0.0.5", 2000, "198.51.100.9", 53, 17),
			key("198.51.100.9", 53, "203.0.113.7", 3000, 17) },
		.rule = 3,
		.snat_rule = 3,
		.uplink = 2,
		.flags = SESSION_SNAT,
		.rule_kind = OBJ_SNAT,
	};

	assert_line(&e, false,
		"2026-11-21T12:20:48.007Z start proto=udp src=10.0.0.5:2000 "
		"nat_src=203.0.113.7:3000 rule=snat/3 uplink=pub0\n");
	e.type = SESSION_EVENT_STOP;
	e.cause = SESSION_END_EXPIRED;
	assert_line(&e, true,
		"2026-11-21T12:20:48.007Z stop proto=udp src=10.0.0.5:2000 "
		"nat_src=203.0.113.7:3000 dst=198.51.100.9:53 nat_dst=198.51.100.9:53 rule=snat/3 "
		"uplink=pub0 cause=expired\n");
	// The port alone does not say who it was.
	e.type = SESSION_EVENT_START;
	e.flags = SESSION_SNAT | SESSION_ENDPOINT_DEPENDENT;
	assert_line(&e, false,
		"2026-11-21T12:20:48.007Z start proto=udp src=10.0.0.5:2000 "
		"nat_src=203.0.113.7:3000 dst=198.51.100.9:53 nat_dst=198.51.100.9:53 rule=snat/3 "
		"uplink=pub0\n");
	e = (struct session_event){
		.key = { key("198.51.100.9", 3000, "203.0.113.8", 8080, 6),
			key("10.0.0.80", 80, "198.51.100.9", 3000, 6) },
		.rule = 1,
		.flags = SESSION_DNAT,
		.rule_kind = OBJ_PORT_FORWARD,
		.type = SESSION_EVENT_STOP,
		.cause = SESSION_END_REQUEST,
	};
	assert_line(&e, false,
		"2026-11-21T12:20:48.007Z stop proto=tcp dst=203.0.113.8:8080 "
		"nat_dst=10.0.0.80:80 rule=port_forward/1 cause=request\n");
	e.flags |= SESSION_SNAT; // a hairpin
	e.snat_rule = 7;
	e.key[0] = key("255.255.255.255", 65535, "255.255.255.255", 65535, 200);
	e.key[1] = key("255.255.255.255", 65535, "255.255.255.255", 65535, 200);
	e.cause = SESSION_END_HALF_OPEN;
	assert_line(&e, false,
		"2026-11-21T12:20:48.007Z stop proto=200 src=255.255.255.255:65535 "
		"nat_src=255.255.255.255:65535 dst=255.255.255.255:65535 "
		"nat_dst=255.255.255.255:65535 rule=port_forward/1 rule=snat/7 cause=half_open\n");
}

static void test_block_lines(void **state)
{
	struct session_event e = {
		.key = { { .src = inet_addr("10.0.0.5") }, { .dst = inet_addr("203.0.113.7"),
								   .sport = htons(2048),
								   .dport = htons(2559) } },
		.snat_rule = 3,
		.type = SESSION_EVENT_BLOCK_START,
	};

	assert_line(&e, true,
		"2026-11-21T12:20:48.007Z block_start src=10.0.0.5 nat_src=203.0.113.7:2048-2559 "
		"rule=snat/3\n");
	e.type = SESSION_EVENT_BLOCK_STOP;
	e.key[1].dport = htons(65535);
	assert_line(&e, false,
		"2026-11-21T12:20:48.007Z block_stop src=10.0.0.5 nat_src=203.0.113.7:2048-65535 "
		"rule=snat/3\n");
}

static const struct set no_ports;

static int setup(void **state)
{
	struct dataplane *dp = aligned_alloc(64, (sizeof(*dp) + 63) / 64 * 64);
	size_t size = rte_rcu_qsbr_get_memsize(DATAPLANE_QSBR_THREADS);

	memset(dp, 0, sizeof(*dp));
	dp->n_workers = 1;
	dp->tsc_hz = 2000000000;
	dp->stats = aligned_alloc(64, sizeof(*dp->stats));
	memset(dp->stats, 0, sizeof(*dp->stats));
	dp->qsbr = aligned_alloc(64, (size + 63) / 64 * 64);
	rte_rcu_qsbr_init(dp->qsbr, DATAPLANE_QSBR_THREADS);
	rte_rcu_qsbr_thread_register(dp->qsbr, DATAPLANE_QSBR_LOG);
	atomic_store(&dp->set, &no_ports);
	*state = dp;
	return session_log_create(dp);
}

static int teardown(void **state)
{
	struct dataplane *dp = *state;

	session_log_destroy(dp);
	free(dp->stats);
	free(dp->qsbr);
	free(dp);
	return 0;
}

static void push(struct dataplane *dp, unsigned int ring, enum session_event_type type)
{
	event_ring_push(&dp->events[ring], udp_session(), type, 0, rte_rdtsc());
}

static uint64_t lines_of(int fd)
{
	char buffer[65536];
	uint64_t lines = 0;
	off_t at = 0;
	ssize_t n;

	while ((n = pread(fd, buffer, sizeof(buffer), at)) > 0) {
		at += n;
		for (ssize_t i = 0; i < n; i++)
			lines += buffer[i] == '\n';
	}
	return lines;
}

static void test_start_is_written_before_stop(void **state)
{
	struct dataplane *dp = *state;
	int fd = memfd_create("log", MFD_CLOEXEC);
	char text[1024] = "";

	push(dp, 0, SESSION_EVENT_START); // off: nobody is told
	assert_int_equal(session_log_set(dp, LOG_FILE, false, fd), 0);
	push(dp, 0, SESSION_EVENT_START);
	push(dp, LIMIT_WORKERS, SESSION_EVENT_STOP);
	assert_int_equal(session_log_drain(dp->log), 2);
	assert_int_equal(session_log_drain(dp->log), 0);
	assert_true(pread(fd, text, sizeof(text) - 1, 0) > 0);
	assert_int_equal(lines_of(fd), 2);
	assert_non_null(strstr(text, " start "));
	assert_true(strstr(text, " start ") < strstr(text, " stop "));
	assert_int_equal(dp->stats->process.log_written, 2);
	assert_int_equal(session_log_set(dp, LOG_OFF, false, -1), 0);
	push(dp, 0, SESSION_EVENT_START);
	assert_int_equal(session_log_drain(dp->log), 0);
	assert_int_equal(lines_of(fd), 2);
	close(fd);
}

static void test_sessions_in_a_block_have_no_lines(void **state)
{
	const struct port_block b = { inet_addr("10.0.0.5"), inet_addr("203.0.113.7"), 3,
		{ 2048, 2559 } };
	struct session s = *udp_session();
	struct dataplane *dp = *state;
	int fd = memfd_create("log", MFD_CLOEXEC);
	char text[1024] = "";

	s.flags |= SESSION_BLOCK;
	event_ring_push_block(&dp->events[0], &b, SESSION_EVENT_BLOCK_START, rte_rdtsc()); // off
	assert_int_equal(session_log_set(dp, LOG_FILE, true, fd), 0);
	event_ring_push_block(&dp->events[0], &b, SESSION_EVENT_BLOCK_START, rte_rdtsc());
	event_ring_push(&dp->events[0], &s, SESSION_EVENT_START, 0, rte_rdtsc());
	event_ring_push(&dp->events[LIMIT_WORKERS], &s, SESSION_EVENT_STOP, 0, rte_rdtsc());
	event_ring_push_block(
		&dp->events[LIMIT_WORKERS], &b, SESSION_EVENT_BLOCK_STOP, rte_rdtsc());
	s.flags |= SESSION_DNAT; // a hairpin has more to tell
	event_ring_push(&dp->events[0], &s, SESSION_EVENT_START, 0, rte_rdtsc());
	assert_int_equal(session_log_drain(dp->log), 3);
	assert_true(pread(fd, text, sizeof(text) - 1, 0) > 0);
	assert_int_equal(lines_of(fd), 3);
	assert_non_null(strstr(text, " block_start src=10.0.0.5 nat_src=203.0.113.7:2048-2559 "));
	assert_true(strstr(text, " block_start ") < strstr(text, " start "));
	assert_true(strstr(text, " start ") < strstr(text, " block_stop "));
	assert_int_equal(session_log_set(dp, LOG_OFF, false, -1), 0);
	close(fd);
}

static void test_burst_and_full_ring(void **state)
{
	struct dataplane *dp = *state;
	int fd = memfd_create("log", MFD_CLOEXEC);
	struct timespec a, b;
	uint64_t ns;

	assert_int_equal(session_log_set(dp, LOG_FILE, true, fd), 0);
	for (unsigned int i = 0; i < BURST; i++)
		push(dp, 0, SESSION_EVENT_START);
	clock_gettime(CLOCK_MONOTONIC, &a);
	assert_int_equal(session_log_drain(dp->log), BURST);
	clock_gettime(CLOCK_MONOTONIC, &b);
	ns = (uint64_t)(b.tv_sec - a.tv_sec) * 1000000000 + (uint64_t)(b.tv_nsec - a.tv_nsec);
	print_message("%u lines into memory: %lu per second\n", BURST,
		(unsigned long)(BURST * 1000000000ull / ns));
	assert_int_equal(dp->stats->process.log_lost, 0);
	for (unsigned int i = 0; i < LIMIT_EVENTS + 10; i++)
		push(dp, 0, SESSION_EVENT_START);
	assert_int_equal(session_log_drain(dp->log), LIMIT_EVENTS);
	assert_int_equal(dp->stats->process.log_lost, 10);
	push(dp, 0, SESSION_EVENT_START);
	assert_int_equal(session_log_drain(dp->log), 1);
	assert_int_equal(lines_of(fd), BURST + LIMIT_EVENTS + 1);
	close(fd);
}

// A file that can grow no more, as on a full disk: lines are counted, and those that are written
// later are whole.
static void test_full_disk(void **state)
{
	struct rlimit old, small = { 150, RLIM_INFINITY };
	struct dataplane *dp = *state;
	char path[] = "/tmp/vrouter-log-XXXXXX", text[2048] = "";
	int fd = mkstemp(path);
	char *last;

	unlink(path);
	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(session_log_set(dp, LOG_FILE, false, fd), 0);
	getrlimit(RLIMIT_FSIZE, &old);
	setrlimit(RLIMIT_FSIZE, &small);
	for (unsigned int i = 0; i < 4; i++)
		push(dp, 0, SESSION_EVENT_START);
	assert_int_equal(session_log_drain(dp->log), 4);
	push(dp, 0, SESSION_EVENT_START);
	assert_int_equal(session_log_drain(dp->log), 1);
	setrlimit(RLIMIT_FSIZE, &old);
	assert_int_equal(dp->stats->process.log_written, 1);
	assert_int_equal(dp->stats->process.log_failed, 4);
	push(dp, 0, SESSION_EVENT_START);
	assert_int_equal(session_log_drain(dp->log), 1);
	assert_int_equal(dp->stats->process.log_written, 2);
	assert_true(pread(fd, text, sizeof(text) - 1, 0) > 0);
	assert_int_equal(lines_of(fd), 3); // whole, torn, whole
	last = strchr(strchr(text, '\n') + 1, '\n') + 1;
	assert_non_null(
		strstr(last, " start proto=udp src=10.0.0.5:2000 nat_src=203.0.113.7:3000"));
	close(fd);
}

static void test_syslog(void **state)
{
	struct dataplane *dp = *state;
	char text[512] = "";
	int pair[2];
	ssize_t n;

	assert_int_equal(socketpair(AF_UNIX, SOCK_DGRAM, 0, pair), 0);
	assert_int_equal(session_log_set(dp, LOG_SYSLOG, false, pair[0]), 0);
	push(dp, 0, SESSION_EVENT_START);
	assert_int_equal(session_log_drain(dp->log), 1);
	n = recv(pair[1], text, sizeof(text) - 1, MSG_DONTWAIT);
	assert_true(n > 0 && text[n - 1] != '\n');
	assert_memory_equal(text, "<134>vrouter-nat: 2", 19);
	close(pair[1]); // the syslog is gone
	push(dp, 0, SESSION_EVENT_START);
	assert_int_equal(session_log_drain(dp->log), 1);
	assert_int_equal(dp->stats->process.log_written, 1);
	assert_int_equal(dp->stats->process.log_failed, 1);
	close(pair[0]);
}

static void test_refused_descriptors(void **state)
{
	struct dataplane *dp = *state;
	int file = memfd_create("log", MFD_CLOEXEC), pipes[2];

	assert_int_equal(pipe(pipes), 0);
	assert_int_equal(session_log_set(dp, LOG_FILE, false, -1), -EINVAL);
	assert_int_equal(session_log_set(dp, LOG_OFF, false, file), -EINVAL);
	assert_int_equal(session_log_set(dp, LOG_SYSLOG, false, file), -EINVAL);
	assert_int_equal(session_log_set(dp, LOG_FILE, false, pipes[1]), -EINVAL);
	assert_int_equal(session_log_set(dp, LOG_KIND_COUNT, false, file), -EINVAL);
	assert_int_equal(session_log_set(dp, LOG_FILE, false, file), 0);
	assert_int_equal(session_log_set(dp, LOG_FILE, false, file), 0); // one that was never used
	close(file);
	close(pipes[0]);
	close(pipes[1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lines),
		cmocka_unit_test(test_block_lines),
		cmocka_unit_test_setup_teardown(test_start_is_written_before_stop, setup, teardown),
		cmocka_unit_test_setup_teardown(
			test_sessions_in_a_block_have_no_lines, setup, teardown),
		cmocka_unit_test_setup_teardown(test_burst_and_full_ring, setup, teardown),
		cmocka_unit_test_setup_teardown(test_full_disk, setup, teardown),
		cmocka_unit_test_setup_teardown(test_syslog, setup, teardown),
		cmocka_unit_test_setup_teardown(test_refused_descriptors, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
