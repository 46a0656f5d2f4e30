// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// Defaults are left out where FRR leaves them out: what is rendered compares equal to what FRR
// shows once it has it.
#include "control/routing/render.h"

#include <arpa/inet.h>
#include <stdio.h>

#define HELLO_DEFAULT 10
#define DEAD_DEFAULT  40
#define GRACE_DEFAULT 120

struct renderer {
	struct frr_lines *out;
	int rc;
};

#define add(r, context, ...)                                                                       \
	do {                                                                                       \
		if ((r)->rc == 0)                                                                  \
			(r)->rc = frr_lines_add((r)->out, context, __VA_ARGS__);                   \
	} while (0)

static void dotted(struct in_addr a, char out[INET_ADDRSTRLEN])
{
	inet_ntop(AF_INET, &a, out, INET_ADDRSTRLEN);
}

// RFC 3623: ospfd keeps what it needs to restart unnoticed, and helps its neighbours to. Opaque
// LSAs stay on in any case: switching them would end all adjacencies.
static void render_restart(struct renderer *r, const struct ospf_config *o)
{
	add(r, FRR_ROUTER, "capability opaque");
	add(r, FRR_ROUTER, "graceful-restart helper enable");
	if (o->graceful_restart_s == GRACE_DEFAULT)
		add(r, FRR_ROUTER, "graceful-restart");
	else if (o->graceful_restart_s > 0)
		add(r, FRR_ROUTER, "graceful-restart grace-period %u", o->graceful_restart_s);
}

static void render_convergence(struct renderer *r)
{
	add(r, FRR_ROUTER, "timers throttle spf 0 50 500");
	add(r, FRR_ROUTER, "timers throttle lsa all 0");
	add(r, FRR_ROUTER, "timers lsa min-arrival 0");
}

// The document's routes come to zebra from the kernel.
static void render_redistribution(struct renderer *r, uint32_t what)
{
	if (what & OSPF_REDISTRIBUTE_STATIC)
		add(r, FRR_ROUTER, "redistribute kernel");
	if (what & OSPF_REDISTRIBUTE_CONNECTED)
		add(r, FRR_ROUTER, "redistribute connected");
	if (what & OSPF_REDISTRIBUTE_DEFAULT)
		add(r, FRR_ROUTER, "default-information originate");
}

static void render_router(struct renderer *r, const struct ospf_config *o)
{
	char text[INET_ADDRSTRLEN];

	dotted(o->router_id, text);
	add(r, FRR_ROUTER, "ospf router-id %s", text);
	add(r, FRR_ROUTER, "log-adjacency-changes");
	if (o->fast_convergence)
		render_convergence(r);
	render_redistribution(r, o->redistribute);
	render_restart(r, o);
	for (unsigned int i = 0; i < o->n_areas; i++) {
		const struct ospf_area_config *area = &o->areas[i];

		dotted(area->id, text);
		if (area->type != OSPF_AREA_STANDARD)
			add(r, FRR_ROUTER, "area %s %s", text,
				area->type == OSPF_AREA_STUB ? "stub" : "nssa");
	}
}

static void render_authentication(
	struct renderer *r, const char *context, const struct ospf_authentication *a)
{
	if (a->type == OSPF_AUTHENTICATION_PLAINTEXT) {
		add(r, context, "ip ospf authentication-key %s", a->key);
		add(r, context, "ip ospf authentication");
	} else if (a->type == OSPF_AUTHENTICATION_MD5) {
		add(r, context, "ip ospf message-digest-key %u md5 %s", a->key_id, a->key);
		add(r, context, "ip ospf authentication message-digest");
	}
}

// FRR takes four hellos for the dead interval until it is told another one.
static void render_intervals(
	struct renderer *r, const char *context, const struct ospf_interface_config *f)
{
	if (f->hello_interval_s != HELLO_DEFAULT)
		add(r, context, "ip ospf hello-interval %u", f->hello_interval_s);
	if (f->hello_interval_s != HELLO_DEFAULT || f->dead_interval_s != DEAD_DEFAULT)
		add(r, context, "ip ospf dead-interval %u", f->dead_interval_s);
}

static void render_interface(struct renderer *r, const struct config *c, struct in_addr area,
	const struct ospf_interface_config *f)
{
	char context[sizeof("interface ") + CONFIG_NAME_MAX], id[INET_ADDRSTRLEN];

	snprintf(context, sizeof(context), "interface %s", c->interfaces[f->interface].name);
	dotted(area, id);
	render_authentication(r, context, &f->authentication);
	add(r, context, "ip ospf cost %u", f->cost);
	render_intervals(r, context, f);
	if (f->point_to_point)
		add(r, context, "ip ospf network point-to-point");
	if (f->passive)
		add(r, context, "ip ospf passive");
	add(r, context, "ip ospf area %s", id); // last: now it runs
}

int ospf_render(const struct config *c, struct frr_lines *out)
{
	const struct ospf_config *o = &c->ospf;
	struct renderer r = { .out = out };

	*out = (struct frr_lines){ 0 };
	if (o->n_areas == 0)
		return 0;
	render_router(&r, o);
	for (unsigned int i = 0; i < o->n_areas; i++)
		for (unsigned int k = 0; k < o->areas[i].n_interfaces; k++)
			render_interface(&r, c, o->areas[i].id, &o->areas[i].interfaces[k]);
	if (r.rc < 0)
		frr_lines_clear(out);
	return r.rc;
}
