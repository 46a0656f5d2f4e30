// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// --flows NAME,KEY=VALUE,...
#include <errno.h>
#include <netinet/in.h>
#include <string.h>

#include "tests/perf/pktgen/frame.h"
#include "tests/perf/pktgen/options.h"

// Bits for what was given.
enum {
	HAS_TX = 1,
	HAS_RX = 2,
	HAS_SRC = 4,
	HAS_DST = 8,
	HAS_COUNT = 16,
	HAS_DPORT = 32,
	HAS_CLOSE = 64,
	NEEDED = HAS_TX | HAS_RX | HAS_SRC | HAS_DST,
};

static int read_port(
	const struct options *o, const char *value, unsigned int *port, struct error *e)
{
	for (*port = 0; *port < o->n_ports; (*port)++)
		if (strcmp(o->ports[*port].name, value) == 0)
			return 0;
	return error_set(e, "there is no port \"%s\" before it", value);
}

static int read_proto(struct set_options *s, const char *value, struct error *e)
{
	static const char *const words[] = { "udp", "tcp", "icmp", NULL };
	static const uint8_t protocols[] = { IPPROTO_UDP, IPPROTO_TCP, IPPROTO_ICMP };
	unsigned int word;

	if (text_word(value, words, &word, e) < 0)
		return -EINVAL;
	s->proto = protocols[word];
	return 0;
}

static int read_direction(struct set_options *s, const char *value, struct error *e)
{
	static const char *const words[] = { "forward", "reverse", "both", NULL };
	unsigned int word;

	if (text_word(value, words, &word, e) < 0)
		return -EINVAL;
	s->measured[FORWARD] = word != 1;
	s->measured[REVERSE] = word != 0;
	return 0;
}

static int read_size(struct set_options *s, const char *value, struct error *e)
{
	s->imix = strcmp(value, "imix") == 0;
	return s->imix ? 0 : text_range(value, FRAME_SIZE, FRAME_MAX, &s->size, e);
}

static int read_new(struct set_options *s, char *value, struct error *e)
{
	size_t len = strlen(value);

	s->new_share = s->new_per_second = 0;
	if (len == 0 || value[len - 1] != '%')
		return text_real(value, 0, 1e8, &s->new_per_second, e);
	value[len - 1] = '\0';
	if (text_real(value, 0, 100, &s->new_share, e) < 0)
		return -EINVAL;
	s->new_share /= 100;
	return 0;
}

static int read_close(struct set_options *s, const char *value, struct error *e)
{
	static const char *const words[] = { "fin", "rst", "none", NULL };
	unsigned int word;

	if (text_word(value, words, &word, e) < 0)
		return -EINVAL;
	s->closing = (enum closing)word;
	return 0;
}

static int read_learn(struct set_options *s, const char *value, struct error *e)
{
	static const char *const words[] = { "no", "yes", NULL };
	unsigned int word;

	if (text_word(value, words, &word, e) < 0)
		return -EINVAL;
	s->learn = word == 1;
	return 0;
}

static int read_count(uint32_t *out, uint64_t max, const char *value, struct error *e)
{
	uint64_t number;

	if (text_number(value, 1, max, &number, e) < 0)
		return -EINVAL;
	*out = (uint32_t)number;
	return 0;
}

// The addresses and ports; 1 when the key is none of them.
static int read_tuple(struct set_options *s, const char *key, const char *value, unsigned int *has,
	struct error *e)
{
	if (strcmp(key, "src") == 0) {
		*has |= HAS_SRC;
		return text_addresses(value, &s->src, e);
	}
	if (strcmp(key, "dst") == 0) {
		*has |= HAS_DST;
		return text_addresses(value, &s->dst, e);
	}
	if (strcmp(key, "dst-step") == 0)
		return read_count(&s->dst_step, UINT32_MAX, value, e);
	if (strcmp(key, "sport") == 0)
		return text_range(value, 0, UINT16_MAX, &s->sport, e);
	if (strcmp(key, "dport") == 0) {
		*has |= HAS_DPORT;
		return text_range(value, 0, UINT16_MAX, &s->dport, e);
	}
	return 1;
}

static int read_pair(struct set_options *s, const struct options *o, const char *key, char *value,
	unsigned int *has, struct error *e)
{
	int rc = read_tuple(s, key, value, has, e);

	if (rc <= 0)
		return rc;
	if (strcmp(key, "tx") == 0) {
		*has |= HAS_TX;
		return read_port(o, value, &s->tx, e);
	}
	if (strcmp(key, "rx") == 0) {
		*has |= HAS_RX;
		return read_port(o, value, &s->rx, e);
	}
	if (strcmp(key, "proto") == 0)
		return read_proto(s, value, e);
	if (strcmp(key, "count") == 0) {
		*has |= HAS_COUNT;
		return read_count(&s->flows, FLOWS_MAX, value, e);
	}
	if (strcmp(key, "size") == 0)
		return read_size(s, value, e);
	if (strcmp(key, "direction") == 0)
		return read_direction(s, value, e);
	if (strcmp(key, "weight") == 0)
		return read_count(&s->weight, 1000, value, e);
	if (strcmp(key, "learn") == 0)
		return read_learn(s, value, e);
	if (strcmp(key, "new") == 0)
		return read_new(s, value, e);
	if (strcmp(key, "close") == 0) {
		*has |= HAS_CLOSE;
		return read_close(s, value, e);
	}
	return error_set(e, "there is no key \"%s\"", key);
}

static bool renews(const struct set_options *s)
{
	return s->new_per_second > 0 || s->new_share > 0;
}

// What the values must be together.
static int finish(struct set_options *s, unsigned int has, struct error *e)
{
	struct space space;

	if ((has & NEEDED) != NEEDED)
		return error_set(e, "tx=, rx=, src= and dst= are required");
	if (s->proto == IPPROTO_ICMP) {
		if (has & HAS_DPORT)
			return error_set(e, "ICMP has no dport (sport is the id)");
		s->dport = (struct range){ 0, 0 };
	}
	if ((has & HAS_CLOSE) && (s->proto != IPPROTO_TCP || !renews(s)))
		return error_set(e, "close= is for TCP with new=");
	space_init(&space, s->src, s->dst, s->dst_step, s->sport, s->dport);
	if (!(has & HAS_COUNT)) {
		if (space.size > FLOWS_MAX)
			return error_set(
				e, "the ranges have more than %u tuples: give count=", FLOWS_MAX);
		s->flows = (uint32_t)space.size;
	}
	if (s->flows > space.size)
		return error_set(e, "count=%u, but the ranges have %ju tuples", s->flows,
			(uintmax_t)space.size);
	if (renews(s) && space.size < 2ull * s->flows)
		return error_set(e,
			"new flows need twice as many tuples as flows: %u of %ju are left",
			(uint32_t)(space.size - s->flows), (uintmax_t)space.size);
	if (s->measured[REVERSE] && !s->learn && !renews(s))
		return error_set(e, "the reverse direction needs learn=yes");
	return 0;
}

int set_options_parse(struct set_options *s, const struct options *o, char *text, struct error *e)
{
	static const char *const none[] = { NULL };
	char *rest = strchr(text, ','), *key, *value;
	unsigned int has = 0;
	int rc;

	*s = (struct set_options){ .proto = IPPROTO_UDP,
		.sport = { 1024, UINT16_MAX },
		.dport = { 443, 443 },
		.dst_step = 1,
		.size = { FRAME_SIZE, FRAME_SIZE },
		.measured = { true, false },
		.weight = 1,
		.learn = true };
	if (rest != NULL)
		*rest++ = '\0';
	if (!text_name_ok(text))
		return error_set(e, "\"%s\" is not a name", text);
	strcpy(s->name, text);
	while ((rc = text_pair(&rest, none, &key, &value, e)) > 0)
		if (read_pair(s, o, key, value, &has, e) < 0)
			return -EINVAL;
	return rc < 0 ? rc : finish(s, has, e);
}
