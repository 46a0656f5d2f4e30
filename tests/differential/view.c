// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// The differential test's own parser and checksums.
#include "tests/differential/view.h"

#include <netinet/in.h>
#include <netinet/ip_icmp.h>
#include <stddef.h>

uint16_t view_load(const uint8_t *p)
{
	return (uint16_t)(p[0] << 8 | p[1]);
}

void view_store(uint8_t *p, uint16_t value)
{
	p[0] = value >> 8;
	p[1] = value & 0xff;
}

static uint32_t load32(const uint8_t *p)
{
	return (uint32_t)view_load(p) << 16 | view_load(p + 2);
}

uint16_t view_sum(const uint8_t *p, uint32_t len, uint32_t sum)
{
	for (uint32_t i = 0; i + 1 < len; i += 2)
		sum += view_load(p + i);
	if (len % 2 != 0)
		sum += (uint32_t)p[len - 1] << 8;
	while (sum >> 16 != 0)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)~sum;
}

uint32_t view_pseudo(const struct view *v)
{
	return (v->src >> 16) + (v->src & 0xffff) + (v->dst >> 16) + (v->dst & 0xffff) + v->proto +
	       (uint32_t)(v->total - v->hlen);
}

static void parse_icmp(struct view *v)
{
	if (v->l4_len < 8)
		return;
	switch (v->l4[0]) {
	case ICMP_ECHO:
	case ICMP_ECHOREPLY:
	case ICMP_TIMESTAMP:
	case ICMP_TIMESTAMPREPLY:
		v->has_ports = true;
		v->request = v->l4[0] == ICMP_ECHO || v->l4[0] == ICMP_TIMESTAMP;
		v->sport = v->dport = view_load(v->l4 + 4);
		break;
	case ICMP_DEST_UNREACH:
	case ICMP_SOURCE_QUENCH:
	case ICMP_REDIRECT:
	case ICMP_TIME_EXCEEDED:
	case ICMP_PARAMETERPROB:
		v->is_error = true;
		break;
	default:
		break;
	}
}

bool view_parse(struct view *v, uint8_t *ip, uint16_t len)
{
	*v = (struct view){ .ip = ip, .len = len };
	if (len < IP_MIN || ip[0] >> 4 != 4)
		return false;
	v->hlen = (ip[0] & 15) * 4;
	v->total = view_load(ip + 2);
	if (v->hlen < IP_MIN || v->hlen > len || v->total < v->hlen)
		return false;
	if (v->len > v->total)
		v->len = v->total;
	v->proto = ip[9];
	v->more = (ip[6] & 0x20) != 0;
	v->offset = (view_load(ip + 6) & 0x1fff) * 8;
	v->later = v->offset != 0;
	v->src = load32(ip + 12);
	v->dst = load32(ip + 16);
	v->l4 = ip + v->hlen;
	v->l4_len = v->len - v->hlen;
	if (v->later)
		return true;
	if ((v->proto == IPPROTO_TCP || v->proto == IPPROTO_UDP) && v->l4_len >= 4) {
		v->has_ports = true;
		v->sport = view_load(v->l4);
		v->dport = view_load(v->l4 + 2);
	} else if (v->proto == IPPROTO_ICMP) {
		parse_icmp(v);
	}
	return true;
}

bool view_frame(struct view *v, const struct frame *f)
{
	return view_parse(v, (uint8_t *)(uintptr_t)f->data + ETH_LEN, f->len - ETH_LEN);
}

bool view_first(struct view *v, const struct frames *frames)
{
	for (unsigned int i = 0; i < frames->n; i++)
		if (view_frame(v, &frames->f[i]) && !v->later)
			return true;
	return false;
}

bool view_quote(struct view *quote, const struct view *error)
{
	return error->is_error && view_parse(quote, error->l4 + 8, error->l4_len - 8);
}

uint8_t *view_checksum(const struct view *v)
{
	unsigned int at = v->proto == IPPROTO_TCP    ? 16
			  : v->proto == IPPROTO_UDP  ? 6
			  : v->proto == IPPROTO_ICMP ? 2
						     : 0;

	return at == 0 || v->later || v->l4_len < at + 2 ? NULL : v->l4 + at;
}

bool view_checksums_ok(const struct view *v)
{
	const uint8_t *l4 = view_checksum(v);

	if (view_sum(v->ip, v->hlen, 0) != 0)
		return false;
	if (l4 == NULL || v->more || (v->proto == IPPROTO_UDP && view_load(l4) == 0))
		return true;
	return view_sum(v->l4, v->l4_len, v->proto == IPPROTO_ICMP ? 0 : view_pseudo(v)) == 0;
}

// RFC 1624 equation 3.
static void update(uint8_t *checksum, uint16_t from, uint16_t to)
{
	uint32_t sum = (uint16_t)~view_load(checksum) + (uint16_t)~from + to;

	while (sum >> 16 != 0)
		sum = (sum & 0xffff) + (sum >> 16);
	view_store(checksum, (uint16_t)~sum);
}

void view_set_port(const struct view *v, bool source, uint16_t port)
{
	unsigned int at = v->proto == IPPROTO_ICMP ? 4 : source ? 0 : 2;
	uint8_t *checksum = view_checksum(v);
	uint16_t old = view_load(v->l4 + at);

	view_store(v->l4 + at, port);
	if (checksum == NULL || (v->proto == IPPROTO_UDP && view_load(checksum) == 0))
		return;
	update(checksum, old, port);
	if (v->proto == IPPROTO_UDP && view_load(checksum) == 0)
		view_store(checksum, 0xffff); // RFC 768
}
