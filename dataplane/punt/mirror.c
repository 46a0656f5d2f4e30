// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// The workers' side of mirrors.
#include "dataplane/punt/mirror.h"

#include "dataplane/packet/csum.h"
#include "dataplane/packet/meta.h"

uint16_t mirror_send(struct mirror *m, unsigned int worker, struct rte_mbuf **pkts, uint16_t n)
{
	for (uint16_t i = 0; i < n; i++)
		packet_csum_offload(pkts[i], mbuf_meta(pkts[i]));
	return channel_send(&m->channel, worker, pkts, n);
}

uint16_t mirror_receive(struct mirror *m, unsigned int worker, struct rte_mbuf **pkts, uint16_t n)
{
	return worker == m->owner ? channel_receive(&m->channel, 0, pkts, n) : 0;
}
