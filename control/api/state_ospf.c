// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// OSPF, as FRR tells. Query thread: a slow answer keeps no commit waiting.
#include "control/api/state.h"

#include <errno.h>
#include <string.h>

#include "control/api/handlers.h"
#include "control/routing/state.h"

void state_ospf(struct request *r)
{
	struct config *now = engine_current(r->env->engine);

	reply_json(r, 200, ospf_state(routing_vtysh(r->env->routing), now));
	config_unref(now);
}

void state_ospf_routes(struct request *r)
{
	json_t *all, *items;
	struct page page;
	size_t total;
	int rc;

	if (state_page(r, &page) < 0)
		return;
	rc = ospf_routes(routing_vtysh(r->env->routing), &all);
	if (rc < 0) {
		reply_problem(
			r, rc == -ENOMEM ? 500 : 503, "zebra did not answer: %s.", strerror(-rc));
		return;
	}
	items = json_array();
	total = json_array_size(all);
	for (size_t i = page.offset; i < total && state_on_page(&page, i); i++)
		json_array_append(items, json_array_get(all, i));
	json_decref(all);
	reply_list(r, items, total);
}
