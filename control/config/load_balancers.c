// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// The list `load_balancers`: listeners on ports of one address.
#include "control/config/context.h"
#include "control/config/text.h"

static void parse_listeners(struct parse *ps, const struct reader *r, size_t index)
{
	struct load_balancer_config *balancer = &ps->config->load_balancers[index];
	struct path list = { .up = r->path, .key = "listeners" };
	json_t *json = NULL;

	if (read_array(r, "listeners", &json) == READ_BAD)
		return;
	size_t n = json_array_size(json);
	if (n > CONFIG_LISTENERS_MAX) {
		report(ps->problems, &list, NULL, "%zu entries, more than the limit of %d", n,
			CONFIG_LISTENERS_MAX);
		return;
	}
	balancer->listeners = parse_alloc(ps, n, sizeof(*balancer->listeners));
	if (balancer->listeners == NULL)
		return;
	balancer->n_listeners = (unsigned int)n;
	name_index_clear(&ps->listener_names);
	for (size_t i = 0; i < n; i++) {
		struct path path = { .up = &list, .index = i };

		parse_listener(
			ps, &balancer->listeners[i], json_array_get(json, i), &path, index, i);
	}
}

static void parse_balancer(struct parse *ps, json_t *json, const struct path *path, size_t index)
{
	static const char *const fields[] = { "name", "vip", "listeners", NULL };
	struct load_balancer_config *balancer = &ps->config->load_balancers[index];
	struct reader r;

	if (!reader_open(&r, json, path, ps->problems, fields))
		return;
	parse_name(ps, &r, "load_balancers", &ps->names, index, text_name, balancer->name);
	(void)parse_service_address(ps, &r, "vip", &balancer->address);
	parse_listeners(ps, &r, index);
}

void parse_load_balancers(struct parse *ps)
{
	struct config *c = ps->config;
	struct path list;
	json_t *json = NULL;
	size_t n = parse_list(ps, "load_balancers", CONFIG_BALANCERS_MAX, &list, &json);

	c->load_balancers = parse_alloc(ps, n, sizeof(*c->load_balancers));
	if (c->load_balancers == NULL)
		return;
	c->n_load_balancers = (unsigned int)n;
	name_index_clear(&ps->names);
	for (size_t i = 0; i < n; i++) {
		struct path path = { .up = &list, .index = i };

		parse_balancer(ps, json_array_get(json, i), &path, i);
	}
	if (n > 0)
		report(&c->warnings, &list, NULL,
			"stored, not applied: this version has no load balancer");
}
