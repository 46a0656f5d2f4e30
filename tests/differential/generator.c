// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// Random sequences for the differential test.
#include "tests/differential/generator.h"

#include <netinet/in.h>
#include <netinet/ip_icmp.h>
#include <netinet/tcp.h>

#include "tests/differential/site.h"

#define COUNT(array)	 (sizeof(array) / sizeof((array)[0]))
#define PICK(rng, array) ((array)[below(rng, COUNT(array))])

// Steps of time are multiples of 35 s: no sum of them comes near a timer of 60, 240, 300 or 7440 s,
// so that the milliseconds of the kernel's clock do not matter.
static const uint32_t times[] = { 35, 35, 70, 140, 245, 315, 3500, 7455 };

static const uint16_t client_ports[] = { 5000, 5001, 40000, 700 };
static const uint16_t server_ports[] = { 80, 53, 8080, 5905, 22 };
static const uint16_t payloads[] = { 0, 1, 2, 13, 100, 700, 1400 };

// A connection that proceeds properly has no others; see tcp_flags() too.
static const uint8_t odd_tcp_flags[] = { TH_SYN, TH_SYN | TH_ACK, TH_ACK, TH_ACK | TH_PUSH,
	TH_FIN | TH_ACK, TH_RST, TH_RST | TH_ACK, TH_FIN, 0, TH_SYN | TH_FIN,
	TH_FIN | TH_PUSH | TH_URG, TH_SYN | TH_RST };
static const uint8_t plain_tcp_flags[] = { TH_SYN, TH_SYN, TH_ACK, TH_ACK | TH_PUSH };

static const struct site_host remotes[] = {
	{ WIRE_PUB0, SITE_IP(203, 0, 113, 100) }, { WIRE_PUB0, SITE_IP(203, 0, 113, 200) },
	{ WIRE_PUB0, SITE_IP(198, 18, 0, 5) }, // behind the gateway
};
static const uint32_t vips[] = { SITE_EIP1, SITE_EIP2, SITE_FORWARD, SITE_FORWARD, SITE_SNAT1,
	SITE_SNAT2, SITE_PUB0 };

// Reached from outside by their own addresses; a host with an EIP answers with that.
static const uint32_t routed[] = { SITE_IP(192, 168, 10, 10), SITE_IP(192, 168, 10, 11), SITE_WEB };

// Of one sequence: what keeps its steps close to each other.
struct style {
	uint64_t rng;
	bool odd_tcp;
	uint8_t proto;	// 0: any
	uint8_t query;	// ICMP type: conntrack tells ids of different types apart
	uint32_t hosts; // the first so many of site_hosts
	uint32_t ports; // and of client_ports
};

static uint64_t next(uint64_t *rng)
{
	uint64_t z = *rng += 0x9e3779b97f4a7c15ull; // splitmix64

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ull;
	z = (z ^ z >> 27) * 0x94d049bb133111ebull;
	return z ^ z >> 31;
}

static uint32_t below(uint64_t *rng, uint32_t n)
{
	return (uint32_t)((next(rng) >> 32) * n >> 32);
}

static bool one_in(uint64_t *rng, uint32_t n)
{
	return below(rng, n) == 0;
}

bool generator_uses_port(uint16_t port)
{
	for (unsigned int i = 0; i < COUNT(client_ports); i++)
		if (client_ports[i] == port)
			return true;
	for (unsigned int i = 0; i < COUNT(server_ports); i++)
		if (server_ports[i] == port)
			return true;
	return false;
}

static void fill_header(struct style *style, struct step *s)
{
	uint64_t *rng = &style->rng;

	s->ttl = one_in(rng, 12) ? 1 + below(rng, 2) : 64 - below(rng, 4);
	s->tos = one_in(rng, 4) ? below(rng, 64) << 2 : 0;
	s->ip_id = next(rng) & 0xffff;
	s->payload = PICK(rng, payloads);
	s->flags = one_in(rng, 3) ? STEP_DF : 0;
	if (one_in(rng, 10))
		s->flags |= STEP_NO_CHECKSUM;
	if (one_in(rng, 10))
		s->flags |= STEP_OPTIONS;
	s->tcp_flags = style->odd_tcp ? PICK(rng, odd_tcp_flags) : PICK(rng, plain_tcp_flags);
}

static uint8_t pick_proto(struct style *style)
{
	static const uint8_t protos[] = { IPPROTO_TCP, IPPROTO_TCP, IPPROTO_TCP, IPPROTO_UDP,
		IPPROTO_UDP, IPPROTO_UDP, IPPROTO_ICMP, IPPROTO_ICMP, SITE_PROTO };

	return style->proto != 0 ? style->proto : PICK(&style->rng, protos);
}

static void from_inside(struct style *style, struct step *s)
{
	uint64_t *rng = &style->rng;
	const struct site_host *host = &site_hosts[below(rng, style->hosts)];

	s->wire = host->wire;
	s->src = host->ip;
	switch (below(rng, 8)) {
	case 0:
		s->dst = site_hosts[below(rng, 5)].ip;
		break;
	case 1:
	case 2:
		s->dst = PICK(rng, vips);
		break;
	default:
		s->dst = PICK(rng, remotes).ip;
	}
}

static void from_outside(struct style *style, struct step *s)
{
	const struct site_host *host = &PICK(&style->rng, remotes);

	s->wire = host->wire;
	s->src = host->ip;
	s->dst = one_in(&style->rng, 6) ? PICK(&style->rng, routed) : PICK(&style->rng, vips);
}

static uint16_t client_port(struct style *style)
{
	return client_ports[below(&style->rng, style->ports)];
}

// Whether a packet is translated or forwarded: an error about a fragment quotes that alone.
static bool is_transit(const struct step *s)
{
	return s->kind != STEP_SEND || !site_is_own(s->dst) || site_is_eip(s->dst);
}

static void make_fragments(struct style *style, struct step *s)
{
	static const uint16_t pieces[] = { 200, 304, 600 };

	if (!one_in(&style->rng, 4) || !is_transit(s) || s->payload < 700)
		return;
	s->piece = PICK(&style->rng, pieces);
	s->flags &= ~STEP_DF;
	s->flags |= one_in(&style->rng, 3) ? STEP_BACKWARDS : 0;
	s->ttl = 64; // an error about a fragment quotes that
}

static void make_send(struct style *style, struct step *s)
{
	uint64_t *rng = &style->rng;
	bool answer = one_in(rng, 8); // from the server's port

	if (one_in(rng, 3))
		from_outside(style, s);
	else
		from_inside(style, s);
	s->proto = pick_proto(style);
	s->sport = answer ? PICK(rng, server_ports) : client_port(style);
	s->dport = answer ? client_port(style) : PICK(rng, server_ports);
	if (s->proto == IPPROTO_ICMP)
		s->icmp_type = !one_in(rng, 8)		   ? style->query
			       : style->query == ICMP_ECHO ? ICMP_ECHOREPLY
							   : ICMP_TIMESTAMPREPLY;
	make_fragments(style, s);
}

static void make_reply(struct style *style, struct step *s)
{
	static const uint8_t plain[] = { TH_SYN | TH_ACK, TH_SYN | TH_ACK, TH_ACK };

	s->tcp_flags = style->odd_tcp ? PICK(&style->rng, odd_tcp_flags) : PICK(&style->rng, plain);
	make_fragments(style, s);
}

static void make_error(struct style *style, struct step *s)
{
	static const uint8_t kinds[][2] = { { ICMP_DEST_UNREACH, ICMP_PORT_UNREACH },
		{ ICMP_DEST_UNREACH, ICMP_HOST_UNREACH }, { ICMP_DEST_UNREACH, ICMP_FRAG_NEEDED },
		{ ICMP_TIME_EXCEEDED, ICMP_EXC_TTL }, { ICMP_PARAMETERPROB, 0 } };
	static const uint16_t quotes[] = { 28, 28, 32, 40, 60, 548 };
	const uint8_t *kind = kinds[below(&style->rng, COUNT(kinds))];

	s->icmp_type = kind[0];
	s->icmp_code = kind[1];
	s->quote = PICK(&style->rng, quotes);
	if (one_in(&style->rng, 3))
		s->src = SITE_GATEWAY;
	if (one_in(&style->rng, 8))
		s->flags |= STEP_BAD_CHECKSUM;
}

static void make_step(struct style *style, struct step *s)
{
	uint32_t kind = s->id == 0 ? 0 : below(&style->rng, 20);

	fill_header(style, s);
	s->ref = s->id == 0 ? 0 : below(&style->rng, s->id);
	if (kind < 8) {
		s->kind = STEP_SEND;
		make_send(style, s);
	} else if (kind < 15) {
		s->kind = STEP_REPLY;
		make_reply(style, s);
	} else if (kind < 17) {
		s->kind = STEP_ERROR;
		make_error(style, s);
	} else {
		s->kind = STEP_TIME;
		s->seconds = PICK(&style->rng, times);
	}
}

// The first steps of a sequence: SYN, SYN and ACK, ACK.
static void make_handshake(struct style *style, struct sequence *s)
{
	static const uint8_t flags[] = { TH_SYN, TH_SYN | TH_ACK, TH_ACK };

	style->proto = IPPROTO_TCP;
	for (unsigned int i = 0; i < COUNT(flags); i++) {
		struct step *step = &s->steps[i];

		fill_header(style, step);
		step->kind = i == 0 ? STEP_SEND : STEP_REPLY;
		if (i == 0)
			make_send(style, step);
		step->ref = i == 0 ? 0 : i - 1;
		step->tcp_flags = flags[i];
	}
}

// The first steps of a sequence: two private hosts send to each other's external port.
static void make_punch(struct style *style, struct sequence *s)
{
	const struct site_host *host[2];
	uint16_t port[2] = { client_ports[0], client_ports[1] };

	style->proto = one_in(&style->rng, 2) ? IPPROTO_TCP : IPPROTO_UDP;
	for (unsigned int i = 0; i < 2; i++)
		host[i] = &site_hosts[below(&style->rng, style->hosts)];
	for (unsigned int i = 0; i < 2; i++) {
		struct step *step = &s->steps[i];

		fill_header(style, step);
		step->kind = STEP_SEND;
		step->wire = host[i]->wire;
		step->proto = style->proto;
		step->src = host[i]->ip;
		step->dst = site_snat_of(host[!i]->ip);
		step->sport = port[i];
		step->dport = port[!i];
		step->tcp_flags = TH_SYN;
	}
}

void generator_make(struct sequence *s, uint64_t seed)
{
	struct style style = { .rng = seed };
	bool punch = one_in(&style.rng, 50);
	unsigned int first = punch ? 2 : one_in(&style.rng, 3) ? 3 : 0;

	*s = (struct sequence){ .seed = seed };
	s->n = first + 2 + below(&style.rng, STEPS_MAX - first - 1);
	style.odd_tcp = one_in(&style.rng, 3);
	style.hosts = 1 + below(&style.rng, 5);
	style.ports = 1 + below(&style.rng, COUNT(client_ports));
	style.query = one_in(&style.rng, 4) ? ICMP_TIMESTAMP : ICMP_ECHO;
	for (unsigned int i = 0; i < s->n; i++)
		s->steps[i].id = i;
	if (one_in(&style.rng, 2))
		style.proto = pick_proto(&style);
	if (punch)
		make_punch(&style, s);
	else if (first != 0)
		make_handshake(&style, s);
	for (unsigned int i = first; i < s->n; i++)
		make_step(&style, &s->steps[i]);
}
