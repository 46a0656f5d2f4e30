// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// What the route table reports, in messages to the data plane.
#include <string.h>

#include "control/kernel/route_sync_internal.h"

#define TELL_MOST 2000 // routes at a time: a commit waits for no more

static uint32_t port_of(void *ctx, int ifindex)
{
	struct route_sync *s = ctx;
	const struct link *l = links_by_index(s->conf.links, ifindex);

	return l != NULL ? l->port : 0;
}

// What was refused is counted and found missing by the next audit; the client logs it.
static int send_batch(struct route_sync *s)
{
	int rc = client_routes(
		s->conf.client, s->batch_flags, s->batch, s->batch_len, s->batch_count);

	s->batch_len = 0;
	s->batch_count = 0;
	s->batch_flags = 0;
	if (rc < 0 && client_connected(s->conf.client)) {
		atomic_fetch_add(&s->refused, 1);
		s->incomplete = true;
		rc = 0;
	}
	return rc;
}

static int emit(void *ctx, const struct msg_route *r, const struct msg_hop *hops)
{
	size_t bytes = sizeof(*r) + r->n_hops * sizeof(*hops);
	struct route_sync *s = ctx;

	if (s->batch_len + bytes > sizeof(s->batch)) {
		int rc = send_batch(s);

		if (rc < 0)
			return rc;
	}
	memcpy(s->batch + s->batch_len, r, sizeof(*r));
	memcpy(s->batch + s->batch_len + sizeof(*r), hops, r->n_hops * sizeof(*hops));
	s->batch_len += bytes;
	s->batch_count++;
	return 0;
}

// Everything is told between a mark and a sweep, which may be many calls apart; meanwhile the data
// plane keeps what it has. What was told before is looked at again as the kernel's table is read,
// in the order of addresses: neighbouring routes touch neighbouring lines of the FIB.
static void begin(struct route_sync *s)
{
	s->batch_len = 0;
	s->batch_count = 0;
	s->batch_flags = s->full ? ROUTES_MARK : 0;
	if (!s->full)
		return;
	s->reread |= route_table_told(s->table) > 0;
	route_table_forget(s->table);
	s->sweep = true;
	s->full = false;
}

int route_tell(struct route_sync *s)
{
	struct table_report report = {
		.most = TELL_MOST, .port_of = port_of, .emit = emit, .ctx = s
	};
	bool all;
	int rc;

	begin(s);
	rc = route_table_report(s->table, &report);
	all = rc == 0 && !route_reread_wanted(s);
	if (all && s->sweep) { // an absence may have cost the table what the data plane has
		s->unswept = s->hold.absence != 0;
		s->batch_flags |= s->unswept ? 0 : ROUTES_SWEEP;
	}
	if (rc >= 0 && (s->batch_count > 0 || s->batch_flags != 0)) {
		int sent = send_batch(s);

		rc = sent < 0 ? sent : rc;
	}
	s->sweep &= !all;
	s->full = rc < 0;
	atomic_store(&s->told, route_table_told(s->table));
	atomic_store(&s->cut, route_table_cut(s->table));
	return rc;
}
