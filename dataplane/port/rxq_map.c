// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// Building the map: one pass per worker over all queues, it is small.
#include "dataplane/port/rxq_map.h"

#include <stdio.h>
#include <stdlib.h>

#include "dataplane/port/port.h"

// Appends what worker `w` polls of one port.
static void add_port(
	struct rxq_map *map, unsigned int w, struct port *p, uint16_t *n_rxq, uint16_t *n_mirrors)
{
	for (uint16_t q = 0; q < p->nb_rxq; q++)
		if (rxq_worker(p->id, q, map->workers) == w)
			map->rxq[(*n_rxq)++] = (struct rxq){ .port = p, .queue = q };
	if (mirror_worker(p->id, map->workers) == w)
		map->mirror[(*n_mirrors)++] = p;
}

struct rxq_map *rxq_map_build(struct port *const *ports, unsigned int n, unsigned int workers)
{
	uint16_t n_rxq = 0, n_mirrors = 0;
	struct rxq_map *map;
	size_t total = 0;

	for (unsigned int i = 0; i < n; i++)
		total += ports[i] != NULL ? ports[i]->nb_rxq : 0;
	map = calloc(1, sizeof(*map) + total * sizeof(map->rxq[0]));
	if (map == NULL)
		return NULL;
	map->workers = workers;
	for (unsigned int w = 0; w < workers; w++) {
		map->rxq_of[w].first = n_rxq;
		map->mirror_of[w].first = n_mirrors;
		for (unsigned int i = 0; i < n; i++)
			if (ports[i] != NULL)
				add_port(map, w, ports[i], &n_rxq, &n_mirrors);
		map->rxq_of[w].count = (uint16_t)(n_rxq - map->rxq_of[w].first);
		map->mirror_of[w].count = (uint16_t)(n_mirrors - map->mirror_of[w].first);
	}
	return map;
}

void rxq_map_free(struct rxq_map *map)
{
	free(map);
}

void rxq_map_text(const struct port *p, unsigned int workers, char *out, size_t size)
{
	size_t len = 0;

	if (size > 0)
		out[0] = '\0';
	for (uint16_t q = 0; q < p->nb_rxq && len < size; q++)
		len += (size_t)snprintf(out + len, size - len, "%s%u", q > 0 ? " " : "",
			rxq_worker(p->id, q, workers));
}
