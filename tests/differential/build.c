// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// Frames of steps.
#include "tests/differential/build.h"

#include <netinet/in.h>
#include <netinet/ip_icmp.h>
#include <netinet/tcp.h>
#include <string.h>

#include "tests/differential/site.h"
#include "tests/differential/view.h"

#define TCP_LEN	   20
#define UDP_LEN	   8
#define ICMP_LEN   8
#define WINDOW	   65535
#define CLIENT_SEQ 1000
#define SERVER_SEQ 500000

// What a packet is made of, beyond its step.
struct parts {
	uint8_t wire;
	uint8_t proto;
	uint8_t icmp_type;
	bool reply;
	uint32_t src, dst;
	uint16_t sport, dport;
};

static void store32(uint8_t *p, uint32_t value)
{
	view_store(p, value >> 16);
	view_store(p + 2, value & 0xffff);
}

static unsigned int put_tcp(const struct step *s, const struct parts *p, uint8_t *l4)
{
	uint32_t mine = p->reply ? SERVER_SEQ : CLIENT_SEQ;
	uint32_t theirs = p->reply ? CLIENT_SEQ : SERVER_SEQ;

	view_store(l4, p->sport);
	view_store(l4 + 2, p->dport);
	store32(l4 + 4, mine + !(s->tcp_flags & TH_SYN));
	store32(l4 + 8, s->tcp_flags & TH_ACK ? theirs + 1 : 0);
	l4[12] = TCP_LEN / 4 << 4;
	l4[13] = s->tcp_flags;
	view_store(l4 + 14, WINDOW);
	return TCP_LEN;
}

static unsigned int put_udp(const struct step *s, const struct parts *p, uint8_t *l4)
{
	view_store(l4, p->sport);
	view_store(l4 + 2, p->dport);
	view_store(l4 + 4, UDP_LEN + s->payload);
	return UDP_LEN;
}

static unsigned int put_icmp(const struct step *s, const struct parts *p, uint8_t *l4)
{
	l4[0] = p->icmp_type;
	l4[1] = s->icmp_code;
	view_store(l4 + 4, p->sport);
	view_store(l4 + 6, s->id);
	return ICMP_LEN;
}

static unsigned int ip_len(const struct step *s)
{
	return s->flags & STEP_OPTIONS ? IP_MIN + 4 : IP_MIN;
}

static void put_ip(const struct step *s, const struct parts *p, uint8_t *ip, uint16_t total)
{
	memset(ip + IP_MIN, 1, ip_len(s) - IP_MIN); // no operation
	ip[0] = 0x40 | ip_len(s) / 4;
	ip[1] = s->tos;
	view_store(ip + 2, total);
	view_store(ip + 4, s->ip_id);
	view_store(ip + 6, s->flags & STEP_DF ? 0x4000 : 0);
	ip[8] = s->ttl;
	ip[9] = p->proto;
	store32(ip + 12, p->src);
	store32(ip + 16, p->dst);
	view_store(ip + 10, view_sum(ip, ip_len(s), 0));
}

static void put_checksum(const struct step *s, uint8_t *ip, uint16_t total)
{
	struct view v;
	uint8_t *checksum;
	uint16_t sum;

	if (!view_parse(&v, ip, total) || (checksum = view_checksum(&v)) == NULL)
		return;
	if (v.proto == IPPROTO_UDP && s->flags & STEP_NO_CHECKSUM)
		return;
	sum = view_sum(v.l4, v.l4_len, v.proto == IPPROTO_ICMP ? 0 : view_pseudo(&v));
	if (sum == 0 && v.proto == IPPROTO_UDP)
		sum = 0xffff;
	view_store(checksum, s->flags & STEP_BAD_CHECKSUM ? sum ^ 0x5555 : sum);
}

static uint8_t *start_frame(struct frames *in, uint8_t wire)
{
	struct frame *f = &in->f[in->n++];

	memset(f->data, 0, sizeof(f->data));
	f->wire = wire;
	f->data[0] = f->data[6] = 2;
	f->data[5] = wire;  // the router's address there
	f->data[10] = 0xee; // nobody looks at the sender's
	view_store(f->data + 12, 0x0800);
	return f->data + ETH_LEN;
}

// Cuts the last frame, a whole packet, into fragments of `piece` bytes of payload.
static void cut(const struct step *s, struct frames *in)
{
	const struct frame whole = in->f[--in->n];
	unsigned int head = ETH_LEN + ip_len(s), len = whole.len - head;
	unsigned int n = (len + s->piece - 1) / s->piece;

	for (unsigned int i = 0; i < n && in->n < FRAMES_MAX; i++) {
		unsigned int k = s->flags & STEP_BACKWARDS ? n - 1 - i : i, at = k * s->piece;
		unsigned int part = len - at < s->piece ? len - at : s->piece;
		struct frame *f = &in->f[in->n++];
		uint8_t *ip = f->data + ETH_LEN;

		f->wire = whole.wire;
		f->len = head + part;
		memcpy(f->data, whole.data, head);
		memcpy(f->data + head, whole.data + head + at, part);
		view_store(ip + 2, f->len - ETH_LEN);
		view_store(ip + 6, at / 8 | (k + 1 < n ? 0x2000 : 0));
		view_store(ip + 10, 0);
		view_store(ip + 10, view_sum(ip, ip_len(s), 0));
	}
}

static void put_packet(const struct step *s, const struct parts *p, struct frames *in)
{
	uint8_t *ip = start_frame(in, p->wire), *l4 = ip + ip_len(s);
	unsigned int head = p->proto == IPPROTO_TCP    ? put_tcp(s, p, l4)
			    : p->proto == IPPROTO_UDP  ? put_udp(s, p, l4)
			    : p->proto == IPPROTO_ICMP ? put_icmp(s, p, l4)
						       : 0;
	uint16_t total = ip_len(s) + head + s->payload;

	for (unsigned int i = 0; i < s->payload; i++)
		l4[head + i] = (uint8_t)(s->id + i);
	put_ip(s, p, ip, total);
	put_checksum(s, ip, total);
	in->f[in->n - 1].len = ETH_LEN + total;
	if (s->piece != 0)
		cut(s, in);
}

// The whole packet that came out first at the step, false: none did.
static bool first_output(const struct exchange *x, struct view *v)
{
	return x->out.n != 0 && view_frame(v, &x->out.f[0]) && !v->more && !v->later;
}

static bool build_reply(const struct step *s, const struct exchange *x, struct frames *in)
{
	struct parts p = { .reply = true };
	struct view v;

	if (!first_output(x, &v) || (v.proto == IPPROTO_ICMP && !v.request))
		return false;
	p.wire = x->out.f[0].wire;
	p.proto = v.proto;
	p.icmp_type = v.proto != IPPROTO_ICMP	  ? 0
		      : v.l4[0] == ICMP_TIMESTAMP ? ICMP_TIMESTAMPREPLY
						  : ICMP_ECHOREPLY;
	p.src = v.dst;
	p.dst = v.src;
	p.sport = v.dport;
	p.dport = v.sport;
	put_packet(s, &p, in);
	return true;
}

static bool build_error(const struct step *s, const struct exchange *x, struct frames *in)
{
	struct parts p = { .proto = IPPROTO_ICMP };
	struct view v;
	uint8_t *ip, *icmp;
	uint16_t quote, total;

	if (!first_output(x, &v) || v.is_error)
		return false;
	quote = v.hlen + 8 > s->quote ? v.hlen + 8 : s->quote; // RFC 792
	quote = quote < v.len ? quote : v.len;
	p.src = s->src != 0 && x->out.f[0].wire == WIRE_PUB0 ? s->src : v.dst;
	p.dst = v.src;
	ip = start_frame(in, x->out.f[0].wire);
	icmp = ip + ip_len(s);
	total = ip_len(s) + ICMP_LEN + quote;
	memcpy(icmp + ICMP_LEN, v.ip, quote);
	icmp[0] = s->icmp_type;
	icmp[1] = s->icmp_code;
	if (s->icmp_type == ICMP_DEST_UNREACH && s->icmp_code == ICMP_FRAG_NEEDED)
		view_store(icmp + 6, 1300);
	put_ip(s, &p, ip, total);
	put_checksum(s, ip, total);
	in->f[in->n - 1].len = ETH_LEN + total;
	return true;
}

bool build_step(const struct step *s, const struct exchange *past, struct frames *in)
{
	const struct parts p = { .wire = s->wire,
		.proto = s->proto,
		.icmp_type = s->icmp_type,
		.src = s->src,
		.dst = s->dst,
		.sport = s->sport,
		.dport = s->dport };

	in->n = 0;
	switch (s->kind) {
	case STEP_SEND:
		put_packet(s, &p, in);
		return true;
	case STEP_REPLY:
		return build_reply(s, &past[s->ref], in);
	case STEP_ERROR:
		return build_error(s, &past[s->ref], in);
	default:
		return false;
	}
}
