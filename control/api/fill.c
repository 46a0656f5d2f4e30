// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// Walks over what the data plane's control thread writes ten times a second.
#include "control/api/fill.h"

#include <arpa/inet.h>
#include <stdio.h>

void fill_tables(
	const struct process_stats *p, void (*each)(void *ctx, const struct fill *f), void *ctx)
{
	const struct fill tables[] = {
		{ .name = "sessions", .used = p->sessions, .max = p->sessions_max },
		{ .name = "mappings", .used = p->mappings, .max = p->mappings_max },
		{ .name = "hosts", .used = p->hosts, .max = p->hosts_max },
		{ .name = "index", .used = p->index, .max = p->index_max },
	};

	for (size_t i = 0; i < sizeof(tables) / sizeof(tables[0]); i++)
		each(ctx, &tables[i]);
}

void fill_ports(
	const struct stats_shm *shm, void (*each)(void *ctx, const struct fill *f), void *ctx)
{
	static const char *const protocols[STATS_PORT_CLASSES] = { "tcp", "udp", "icmp" };

	for (unsigned int i = 0; i < LIMIT_NAT_ADDRESSES; i++) {
		const struct pool_stats *pool = &shm->pool[i];
		struct fill f = { .address = __atomic_load_n(&pool->addr, __ATOMIC_ACQUIRE) };

		for (unsigned int c = 0; f.address != 0 && c < STATS_PORT_CLASSES; c++) {
			f.protocol = protocols[c];
			f.used = __atomic_load_n(&pool->used[c], __ATOMIC_RELAXED);
			f.max = __atomic_load_n(&pool->max[c], __ATOMIC_RELAXED);
			each(ctx, &f);
		}
		f.protocol = NULL;
		f.used = __atomic_load_n(&pool->blocks_used, __ATOMIC_RELAXED);
		f.max = __atomic_load_n(&pool->blocks_max, __ATOMIC_RELAXED);
		if (f.address != 0 && f.max != 0)
			each(ctx, &f);
	}
}

void fill_name(const struct fill *f, char *out, size_t size)
{
	char address[INET_ADDRSTRLEN] = "";

	if (f->name != NULL) {
		snprintf(out, size, "%s", f->name);
		return;
	}
	inet_ntop(AF_INET, &f->address, address, sizeof(address));
	if (f->protocol != NULL)
		snprintf(out, size, "ports %s %s", address, f->protocol);
	else
		snprintf(out, size, "blocks %s", address);
}
