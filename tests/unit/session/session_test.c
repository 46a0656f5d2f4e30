// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// States and idle times of sessions (RFC 5382, 5508, 6146, 7857), and touches of dead ones.
#include "tests/unit/session/fixture.h"

#define FIN 0x01
#define SYN 0x02
#define RST 0x04
#define ACK 0x10

static const struct session_timers timers = SESSION_TIMERS_DEFAULT;

static void start(struct session *s, uint8_t proto, uint8_t flags, uint32_t tick)
{
	*s = (struct session){ .key = { { .proto = proto }, { .proto = proto } } };
	s->life = session_next_life((uint64_t)tick << 32 | SESSION_LIVE, proto, 0, flags, tick);
}

static uint32_t timeout(const struct session *s)
{
	return session_timeout(&timers, s->life, s->key[0].proto);
}

static void test_timers(void **state)
{
	struct session s;

	start(&s, IPPROTO_UDP, 0, 1);
	assert_int_equal(timeout(&s), 300);
	start(&s, IPPROTO_ICMP, 0, 1);
	assert_int_equal(timeout(&s), 60);
	start(&s, 47, 0, 1);
	assert_int_equal(timeout(&s), 600);
	start(&s, IPPROTO_TCP, SYN, 1);
	assert_int_equal(timeout(&s), 240);
}

// What a packet of a direction does to a connection: flags, then the state after it.
struct step {
	unsigned dir;
	uint8_t flags;
	enum tcp_state state;
};

#define OPENING	    TCP_STATE_OPENING
#define ESTABLISHED TCP_STATE_ESTABLISHED
#define CLOSING	    TCP_STATE_CLOSING
#define RESET	    TCP_STATE_RESET
#define STEPS_MAX   12

// The first step makes the session. Rows end where the direction is 2.
static const struct connection {
	const char *name;
	struct step steps[STEPS_MAX];
} connections[] = {
	{ "handshake", { { 0, SYN, OPENING }, { 0, SYN, OPENING }, { 1, SYN | ACK, OPENING },
			       { 1, SYN | ACK, OPENING }, { 0, ACK, ESTABLISHED }, { 2 } } },
	{ "simultaneous open, RFC 5382 REQ-2 a",
		{ { 0, SYN, OPENING }, { 1, SYN, OPENING }, { 0, SYN | ACK, OPENING },
			{ 1, SYN | ACK, ESTABLISHED }, { 2 } } },
	{ "SYN alone, from both sides, establishes nothing",
		{ { 0, SYN, OPENING }, { 1, SYN, OPENING }, { 0, SYN, OPENING },
			{ 1, SYN, OPENING }, { 2 } } },
	{ "acknowledgements from one side establish nothing",
		{ { 0, SYN, OPENING }, { 1, SYN | ACK, OPENING }, { 1, ACK, OPENING }, { 2 } } },
	{ "refused", { { 0, SYN, OPENING }, { 1, RST | ACK, RESET }, { 0, SYN, OPENING },
			     { 1, SYN | ACK, OPENING }, { 0, ACK, ESTABLISHED }, { 2 } } },
	{ "an older connection is taken up by data and its answer",
		{ { 0, ACK, OPENING }, { 0, ACK, OPENING }, { 1, ACK, ESTABLISHED }, { 2 } } },
	{ "closed from both sides",
		{ { 0, SYN, OPENING }, { 1, SYN | ACK, OPENING }, { 0, ACK, ESTABLISHED },
			{ 0, FIN | ACK, ESTABLISHED }, { 1, ACK, ESTABLISHED },
			{ 1, FIN | ACK, CLOSING }, { 0, ACK, CLOSING }, { 2 } } },
	{ "FIN twice from one side closes nothing",
		{ { 0, ACK, OPENING }, { 1, ACK, ESTABLISHED }, { 0, FIN | ACK, ESTABLISHED },
			{ 0, FIN | ACK, ESTABLISHED }, { 1, ACK, ESTABLISHED }, { 2 } } },
	{ "the tuple is used again, RFC 6191",
		{ { 0, ACK, OPENING }, { 1, FIN | ACK, ESTABLISHED }, { 0, FIN | ACK, CLOSING },
			{ 0, SYN, OPENING }, { 1, SYN | ACK, OPENING }, { 0, ACK, ESTABLISHED },
			{ 2 } } },
	{ "the tuple is used again, from the other side",
		{ { 0, ACK, OPENING }, { 1, FIN | ACK, ESTABLISHED }, { 0, FIN | ACK, CLOSING },
			{ 1, SYN, OPENING }, { 0, SYN | ACK, OPENING }, { 1, ACK, ESTABLISHED },
			{ 2 } } },
	{ "SYN on a running connection changes nothing: challenged by RFC 5961 4",
		{ { 0, ACK, OPENING }, { 1, ACK, ESTABLISHED }, { 1, SYN, ESTABLISHED },
			{ 0, ACK, ESTABLISHED }, { 2 } } },
	{ "a reset that was not accepted, RFC 7857 2.2",
		{ { 0, ACK, OPENING }, { 1, ACK, ESTABLISHED }, { 1, RST, RESET },
			{ 1, RST | ACK, RESET }, { 0, ACK, ESTABLISHED }, { 2 } } },
	{ "a forged reset and SYN: data restores the connection",
		{ { 0, ACK, OPENING }, { 1, ACK, ESTABLISHED }, { 1, RST, RESET },
			{ 1, SYN, OPENING }, { 0, ACK, OPENING }, { 1, ACK, ESTABLISHED },
			{ 2 } } },
	{ "a reset during the handshake",
		{ { 0, SYN, OPENING }, { 1, RST, RESET }, { 1, SYN | ACK, OPENING },
			{ 0, ACK, ESTABLISHED }, { 2 } } },
};

static uint32_t time_of(enum tcp_state state)
{
	return state == TCP_STATE_ESTABLISHED ? timers.tcp_established : timers.tcp_transitory;
}

// All in one tick: no change may hide behind the packets that only refresh.
static void test_tcp_states(void **state)
{
	for (unsigned c = 0; c < sizeof(connections) / sizeof(connections[0]); c++) {
		const struct connection *k = &connections[c];
		struct session s;

		for (unsigned i = 0; k->steps[i].dir < 2; i++) {
			const struct step *step = &k->steps[i];

			if (i == 0)
				start(&s, IPPROTO_TCP, step->flags, 1);
			else
				assert_true(session_touch(&s, step->dir, step->flags, 1));
			if (session_tcp_state(s.life, IPPROTO_TCP) != step->state)
				fail_msg("%s: state %d after step %u", k->name,
					session_tcp_state(s.life, IPPROTO_TCP), i + 1);
			assert_int_equal(timeout(&s), time_of(step->state));
		}
	}
}

static void open_tcp(struct session *s)
{
	start(s, IPPROTO_TCP, SYN, 1);
	assert_true(session_touch(s, 1, SYN | ACK, 2));
	assert_true(session_touch(s, 0, ACK, 2));
	assert_int_equal(session_tcp_state(s->life, IPPROTO_TCP), TCP_STATE_ESTABLISHED);
}

static void test_half_open(void **state)
{
	struct session s;

	start(&s, IPPROTO_UDP, 0, 1);
	assert_true(session_half_open(s.life));
	assert_true(session_touch(&s, 0, 0, 1));
	assert_true(session_half_open(s.life));
	assert_true(session_touch(&s, 1, 0, 1)); // the same tick: it must be written
	assert_false(session_half_open(s.life));
	start(&s, IPPROTO_TCP, SYN, 1);
	assert_true(session_touch(&s, 1, SYN | ACK, 1));
	assert_true(session_half_open(s.life));
	open_tcp(&s);
	assert_true(session_touch(&s, 1, RST, 2));
	assert_false(session_half_open(s.life));
}

static void test_touch_writes_when_needed(void **state)
{
	struct session s;
	uint64_t life;

	open_tcp(&s);
	assert_true(session_touch(&s, 0, ACK, 5));
	life = s.life;
	assert_int_equal(life >> 32, 5);
	assert_true(session_touch(&s, 0, ACK, 5));
	assert_true(session_touch(&s, 1, ACK, 4)); // a worker whose clock is behind
	assert_true(s.life == life);
	assert_true(session_touch(&s, 1, ACK, 6));
	assert_int_equal(s.life >> 32, 6);
}

static void test_touch_never_revives(void **state)
{
	const uint64_t dead[] = { SESSION_FREE, SESSION_DEAD, SESSION_LIMBO };
	struct session s;

	for (unsigned i = 0; i < 3; i++) {
		start(&s, IPPROTO_TCP, SYN, 1);
		s.life = (s.life & ~(uint64_t)SESSION_STATE_MASK) | dead[i];
		assert_false(session_touch(&s, 0, ACK, 1));
		assert_false(session_touch(&s, 0, ACK, 7));
		assert_false(session_touch(&s, 1, SYN, 7));
		assert_int_equal(s.life & SESSION_STATE_MASK, dead[i]);
		assert_false(session_alive(&s));
	}
	s.life = SESSION_PENDING;
	assert_true(session_touch(&s, 0, ACK, 7));
	assert_int_equal(s.life, SESSION_PENDING);
}

static void test_clock_wraps(void **state)
{
	struct session s;

	start(&s, IPPROTO_UDP, 0, UINT32_MAX);
	assert_true(session_touch(&s, 0, 0, 3));
	assert_int_equal(s.life >> 32, 3);
}

static void test_new_tuple(void **state)
{
	struct session s = { 0 };
	struct session_key out, back;

	// 10.0.0.5:5000 -> 198.51.100.9:53 becomes 203.0.113.7:6000 -> 198.51.100.9:53.
	s.key[0] = test_key("10.0.0.5", 5000, "198.51.100.9", 53, IPPROTO_UDP, 0);
	s.key[1] = test_key("198.51.100.9", 53, "203.0.113.7", 6000, IPPROTO_UDP, 1);
	out = session_new_tuple(&s, SESSION_FORWARD);
	assert_int_equal(out.src, inet_addr("203.0.113.7"));
	assert_int_equal(out.sport, htons(6000));
	assert_int_equal(out.dst, inet_addr("198.51.100.9"));
	assert_int_equal(out.dport, htons(53));
	back = session_new_tuple(&s, SESSION_REVERSE);
	assert_int_equal(back.src, inet_addr("198.51.100.9"));
	assert_int_equal(back.sport, htons(53));
	assert_int_equal(back.dst, inet_addr("10.0.0.5"));
	assert_int_equal(back.dport, htons(5000));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_timers),
		cmocka_unit_test(test_tcp_states),
		cmocka_unit_test(test_half_open),
		cmocka_unit_test(test_touch_writes_when_needed),
		cmocka_unit_test(test_touch_never_revives),
		cmocka_unit_test(test_clock_wraps),
		cmocka_unit_test(test_new_tuple),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
