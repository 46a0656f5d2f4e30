// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// The arena: sizes, another mapping of the same memory, what is refused, huge pages.
#include "tests/unit/session/fixture.h"

#include <errno.h>
#include <sys/mman.h>
#include <unistd.h>

#include "dataplane/nat/create.h"

static const struct session_timers timers = SESSION_TIMERS_DEFAULT;

static void test_memory_per_session(void **state)
{
	const uint32_t sessions = 10000, hosts = 3;
	struct session_table t;
	const struct arena_header *h;

	test_table(&t, sessions, hosts, 1);
	h = t.arena.header;
	assert_in_range(h->portsets_off / sessions, 1, 256 + 1); // and 10 KiB of rounding
	assert_true(h->portsets_off < sessions * 256ull + 5 * 4096);
	assert_int_equal(sizeof(struct port_tables), 824 * 1024 + 128);
	session_table_close(&t);
}

static void test_attach_finds_sessions(void **state)
{
	const struct nat_request rq = {
		.key = test_key("10.0.0.5", 5000, "198.51.100.9", 53, IPPROTO_UDP, 0),
		.dst = inet_addr("198.51.100.9"),
		.dport = htons(53),
		.reply_side = 1,
		.tick = 10,
	};
	struct session_table t, again;
	struct nat_worker w;
	uint32_t ref;

	nat_worker_init(&w, 1);
	test_table(&t, 100, 10, 2);
	assert_int_equal(nat_create(&t, &rq, &w, &ref), 0);
	assert_int_equal(session_table_attach(&again, t.arena.fd, &timers), 0);
	assert_ptr_not_equal(again.sessions, t.sessions);
	session_table_close(&t);
	assert_int_equal(session_lookup(&again, &rq.key), ref);
	assert_true(session_touch(session_at(&again, ref), 0, 0, 11));
	session_table_close(&again);
}

static void test_port_state_survives(void **state)
{
	const struct port_range all = { 1024, 65535 };
	struct session_table t, again;
	struct portset *ps;
	uint64_t rng = 1;
	uint16_t port;

	test_table(&t, 100, 10, 2);
	assert_int_equal(session_table_acquire_portset(&t, 1, &ps), 0);
	assert_int_equal(session_table_acquire_portset(&t, 2, &ps), 0);
	assert_int_equal(portset_claim(ps, PORT_UDP, 5000, &all, 1, &rng, &port), 0);
	portset_set_owner(ps, PORT_UDP, 5000, 77);
	assert_int_equal(session_table_attach(&again, t.arena.fd, &timers), 0);
	session_table_close(&t);
	assert_int_equal(session_table_acquire_portset(&again, 2, &ps), 0);
	assert_int_equal(portset_owner(ps, PORT_UDP, 5000), 77);
	assert_int_equal(portset_used(ps, PORT_UDP), 1);
	session_table_close(&again);
}

static void test_attach_refuses(void **state)
{
	struct session_table t, again;
	int fd = memfd_create("small", 0);

	assert_int_equal(session_table_attach(&again, -1, &timers), -EBADF);
	assert_int_equal(session_table_attach(&again, fd, &timers), -EPROTO);
	assert_int_equal(ftruncate(fd, 1 << 20), 0);
	assert_int_equal(session_table_attach(&again, fd, &timers), -EPROTO);
	close(fd);

	test_table(&t, 100, 10, 2);
	t.arena.header->layout++;
	assert_int_equal(session_table_attach(&again, t.arena.fd, &timers), -EPROTO);
	t.arena.header->layout--;
	t.arena.header->conf.sessions = 1u << 30;
	assert_int_equal(session_table_attach(&again, t.arena.fd, &timers), -EPROTO);
	t.arena.header->conf.sessions = 100;
	assert_int_equal(session_table_attach(&again, t.arena.fd, &timers), 0);
	session_table_close(&again);
	assert_int_equal(ftruncate(t.arena.fd, (off_t)t.arena.size + 4096), 0);
	assert_int_equal(session_table_attach(&again, t.arena.fd, &timers), -EPROTO);
	session_table_close(&t);
}

static void test_bad_sizes(void **state)
{
	const struct arena_conf bad[] = { { 0, 1, 1 }, { 1, 0, 1 }, { 1u << 30, 1, 1 },
		{ 1, 1u << 30, 1 }, { 1, 1, 1u << 16 } };
	struct arena arena;

	for (unsigned i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(arena_create(&arena, &bad[i], false), -EINVAL);
}

// Asked for or not available: the table works.
static void test_huge_pages_or_not(void **state)
{
	const struct session_table_conf conf = {
		.sizes = { 1000, 100, 4 }, .timers = timers, .huge = true
	};
	struct session_table t, again;
	struct portset *ps;

	assert_int_equal(session_table_create(&t, &conf), 0);
	assert_int_equal(t.arena.size % (t.arena.huge ? 2 << 20 : 4096), 0);
	assert_int_equal(session_table_acquire_portset(&t, 1, &ps), 0);
	assert_int_equal(session_table_attach(&again, t.arena.fd, &timers), 0);
	assert_int_equal(again.arena.huge, t.arena.huge);
	session_table_close(&again);
	session_table_close(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_memory_per_session),
		cmocka_unit_test(test_attach_finds_sessions),
		cmocka_unit_test(test_port_state_survives),
		cmocka_unit_test(test_attach_refuses),
		cmocka_unit_test(test_bad_sizes),
		cmocka_unit_test(test_huge_pages_or_not),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
