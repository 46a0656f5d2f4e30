// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// The life of a configuration.
#include "control/config/model.h"

#include <stdlib.h>
#include <string.h>

struct config *config_ref(struct config *c)
{
	__atomic_fetch_add(&c->refs, 1, __ATOMIC_RELAXED);
	return c;
}

static void free_balancers(struct config *c)
{
	for (unsigned int i = 0; i < c->n_load_balancers; i++) {
		struct load_balancer_config *b = &c->load_balancers[i];

		for (unsigned int j = 0; j < b->n_listeners; j++)
			free(b->listeners[j].targets);
		free(b->listeners);
	}
	free(c->load_balancers);
}

// Key material leaves no copy behind in memory that is used again.
static void free_ipsec(struct config *c)
{
	if (c->ipsec != NULL)
		explicit_bzero(c->ipsec, c->n_ipsec * sizeof(*c->ipsec));
	free(c->ipsec);
}

void config_unref(struct config *c)
{
	// Acquire: the last owner frees what the others have read.
	if (c == NULL || __atomic_sub_fetch(&c->refs, 1, __ATOMIC_ACQ_REL) > 0)
		return;
	for (unsigned int i = 0; i < c->n_interfaces; i++)
		free(c->interfaces[i].addresses);
	for (unsigned int i = 0; i < c->n_snat; i++)
		free(c->snat[i].pool);
	for (unsigned int i = 0; i < c->ospf.n_areas; i++)
		free(c->ospf.areas[i].interfaces);
	free(c->ospf.areas);
	free(c->interfaces);
	free(c->vips);
	free(c->snat);
	free(c->eips);
	free(c->port_forwards);
	free(c->routes);
	free_ipsec(c);
	free_balancers(c);
	problems_clear(&c->warnings);
	json_decref(c->document);
	free(c);
}
