// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// ip4_local: packets to an own address (or a multicast group) that no session and no translation
// rule claimed: the kernel gets what a service or one of its own connections waits for, the rest is
// rejected, or on a SNAT address silently dropped.
#include "dataplane/ip4/local.h"

#include <netinet/in.h>
#include <netinet/ip_icmp.h>

#include "dataplane/fib/l3.h"
#include "dataplane/ip4/forward.h"
#include "dataplane/ip4/nodes.h"
#include "dataplane/main/node.h"
#include "dataplane/packet/parse.h"

enum {
	LOCAL_DROP,
	LOCAL_PUNT,
	LOCAL_ERROR,
	LOCAL_EDGE_COUNT,
};

static uint32_t service_find(
	const struct service_map *map, uint8_t proto, rte_be16_t dport, uint8_t icmp_type)
{
	if (map->proto[proto] != 0)
		return map->proto[proto];
	switch (proto) {
	case IPPROTO_TCP:
		return portmap_get(&map->tcp, dport);
	case IPPROTO_UDP:
		return portmap_get(&map->udp, dport);
	case IPPROTO_ICMP:
		return map->icmp_type[icmp_type];
	default:
		return 0;
	}
}

static uint32_t address_service(const struct local_section *s, const struct local_address *a,
	uint8_t proto, rte_be16_t dport, uint8_t icmp_type)
{
	uint32_t v = 0;

	if (a->services != NULL)
		v = service_find(a->services, proto, dport, icmp_type);
	if (v == 0 && (a->flags & ADDRESS_INTERFACE))
		v = service_find(&s->interfaces, proto, dport, icmp_type);
	return v;
}

static bool kernel_port(rte_be16_t port)
{
	uint16_t p = rte_be_to_cpu_16(port);

	return p >= KERNEL_PORT_FIRST && p <= KERNEL_PORT_LAST;
}

// A later fragment whose ports nobody needed until now.
static bool fragment_unknown(const struct meta *meta)
{
	return (meta->flags & META_FRAG_OTHER) && !(meta->flags & META_FRAG_KNOWN);
}

// An answer to something that the kernel itself sent from this interface address.
static bool kernel_flow(const struct local_section *s, const struct local_address *a,
	struct rte_mbuf *m, const struct meta *meta)
{
	struct tuple quoted;
	uint16_t quoted_flags;

	if (!(a->flags & ADDRESS_INTERFACE))
		return false;
	if (meta->flags & META_ICMP_ERROR) {
		// An error about a packet that the kernel sent: by its port or its service.
		if (!packet_quoted_tuple(m, meta, &quoted, &quoted_flags) || quoted.src != a->addr)
			return false;
		return kernel_port(quoted.sport) || quoted.proto == IPPROTO_ICMP ||
		       address_service(s, a, quoted.proto, quoted.sport, 0) != 0;
	}
	if (fragment_unknown(meta))
		return true; // the kernel reassembles, or forgets it
	if (meta->proto == IPPROTO_ICMP)
		return meta->icmp_type == ICMP_ECHOREPLY;
	return (meta->flags & META_HAS_PORTS) && kernel_port(meta->dport);
}

static enum punt_class kernel_flow_class(const struct meta *meta)
{
	if (meta->proto != IPPROTO_ICMP)
		return PUNT_REST;
	return meta->icmp_type == ICMP_ECHOREPLY ? PUNT_ANSWER : PUNT_ICMP;
}

static rte_edge_t local_punt(struct meta *meta, enum punt_class class)
{
	meta->punt_class = class;
	return LOCAL_PUNT;
}

// Of the groups only 224.0.0.0/24, which no router forwards (RFC 5771, section 4).
static uint32_t group_service(const struct local_section *s, const struct meta *meta)
{
	if ((meta->dst & RTE_BE32(0xffffff00)) != RTE_BE32(0xe0000000) ||
		meta->in_port >= LIMIT_PORTS)
		return 0;
	return s->multicast[meta->in_port][meta->proto];
}

static rte_edge_t local_decide(struct worker *w, struct rte_mbuf *m, struct meta *meta)
{
	const struct local_section *s = local_of(w->set);
	const struct adj *adj = l3_adj(w->l3, meta->adj);
	const struct local_address *a;
	uint32_t service;

	if (packet_is_multicast(meta)) {
		service = s == NULL ? 0 : group_service(s, meta);
		return service != 0 ? local_punt(meta, service - 1)
				    : node_drop(meta, DROP_IP_MULTICAST);
	}
	a = adj->type == ADJ_LOCAL ? local_address(s, adj->address_id) : NULL;
	if (a == NULL || a->addr != adj->next_hop)
		return node_drop(meta, DROP_LOCAL_SILENT); // between two flips
	service = address_service(s, a, meta->proto, meta->dport, meta->icmp_type);
	if (service != 0 && !(meta->flags & META_ICMP_ERROR) && !fragment_unknown(meta))
		return local_punt(meta, service - 1);
	if (kernel_flow(s, a, m, meta))
		return local_punt(meta, kernel_flow_class(meta));
	if (meta->flags & META_ICMP_ERROR)
		return node_drop(meta, DROP_NAT_NO_SESSION);
	if (a->snat)
		return node_drop(meta, DROP_LOCAL_SILENT);
	forward_error(meta, DROP_LOCAL_REJECT, ICMP_DEST_UNREACH, ICMP_PORT_UNREACH);
	return LOCAL_ERROR;
}

static uint16_t local_process(
	struct rte_graph *graph, struct rte_node *node, void **objs, uint16_t n)
{
	return node_each(graph, node, objs, n, false, local_decide);
}

static struct rte_node_register local_node = {
	.name = NODE_IP4_LOCAL,
	.process = local_process,
	.nb_edges = LOCAL_EDGE_COUNT,
	.next_nodes = {
		[LOCAL_DROP] = NODE_DROP,
		[LOCAL_PUNT] = NODE_PUNT,
		[LOCAL_ERROR] = NODE_IP4_ERROR,
	},
};
RTE_NODE_REGISTER(local_node);
