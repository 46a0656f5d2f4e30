// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// The life of a configuration.
#include "control/config/model.h"

#include <stdlib.h>

struct config *config_ref(struct config *c)
{
	__atomic_fetch_add(&c->refs, 1, __ATOMIC_RELAXED);
	return c;
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
	free(c->interfaces);
	free(c->vips);
	free(c->snat);
	free(c->eips);
	free(c->port_forwards);
	free(c->routes);
	json_decref(c->document);
	free(c);
}
