// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// The static rules of site.json, as endpoints.
#include "tests/differential/flow.h"

#include <netinet/in.h>

#include "tests/differential/site.h"

static void forward(uint8_t proto, uint32_t *ip, uint16_t *port)
{
	if (proto == IPPROTO_TCP && *port == 8080) {
		*ip = SITE_WEB;
		*port = 80;
	} else if (proto == IPPROTO_TCP && *port >= 5900 && *port <= 5910) {
		*ip = SITE_WEB;
	} else if ((proto == IPPROTO_TCP && *port == 22) || (proto == IPPROTO_UDP && *port == 53)) {
		*ip = SITE_DNS;
	}
}

static void inside(uint8_t proto, uint32_t *ip, uint16_t *port)
{
	switch (*ip) {
	case SITE_EIP1:
		*ip = SITE_TARGET1;
		break;
	case SITE_EIP2:
		*ip = SITE_TARGET2;
		break;
	case SITE_FORWARD:
		forward(proto, ip, port);
		break;
	default:
		break;
	}
}

struct flow flow_of(uint8_t proto, uint32_t src, uint16_t sport, uint32_t dst, uint16_t dport)
{
	struct flow f = { .proto = proto, .ip = { src, dst }, .port = { sport, dport } };

	if (proto == IPPROTO_ICMP)
		f.port[1] = sport;
	else if (proto == SITE_PROTO)
		f.port[0] = f.port[1] = 0;
	for (unsigned int i = 0; i < 2; i++)
		inside(proto, &f.ip[i], &f.port[i]);
	if (f.ip[0] > f.ip[1] || (f.ip[0] == f.ip[1] && f.port[0] > f.port[1]))
		f = (struct flow){
			.proto = proto, .ip = { f.ip[1], f.ip[0] }, .port = { f.port[1], f.port[0] }
		};
	return f;
}

bool flow_same(const struct flow *a, const struct flow *b)
{
	return a->proto == b->proto && a->ip[0] == b->ip[0] && a->ip[1] == b->ip[1] &&
	       a->port[0] == b->port[0] && a->port[1] == b->port[1];
}
