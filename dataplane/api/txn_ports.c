// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// Ports of a transaction. Control thread only.
#include "dataplane/api/txn_ports.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "dataplane/api/txn.h"
#include "dataplane/fib/l3.h"
#include "dataplane/fib/neigh_netlink.h"
#include "dataplane/main/dataplane.h"
#include "dataplane/main/log.h"
#include "dataplane/packet/meta.h"
#include "dataplane/port/rxq_map.h"
#include "dataplane/punt/mirror.h"

static void decide_fates(const struct dataplane *dp, struct txn *t)
{
	memset(t->fate, PORT_KEEP, sizeof(t->fate));
	for (OBJECTS_EACH(&dp->objects, OBJ_PORT, const struct obj_port, o))
		if (objects_get(&t->staged, OBJ_PORT, o->id) == NULL)
			t->fate[o->id] = PORT_DELETE;
	for (OBJECTS_EACH(&t->staged, OBJ_PORT, const struct obj_port, o)) {
		const struct obj_port *old = objects_get(&dp->objects, OBJ_PORT, o->id);

		if (old == NULL)
			t->fate[o->id] = PORT_CREATE;
		else if (memcmp(old, o, sizeof(*o)) != 0)
			t->fate[o->id] = PORT_UPDATE;
	}
}

static int create_port(struct dataplane *dp, struct txn *t, const struct obj_port *o)
{
	char text[MSG_TEXT_MAX] = "";
	int rc;

	if (memchr(o->name, '\0', sizeof(o->name)) == NULL ||
		memchr(o->address, '\0', sizeof(o->address)) == NULL)
		return txn_error(&t->errors, OBJ_PORT, o->id, "name", -EINVAL, "unterminated text");
	rc = dp->port_create(&dp->port_env, o, &t->created[o->id], text, sizeof(text));
	if (rc < 0)
		return txn_error(&t->errors, OBJ_PORT, o->id, "port", rc, "%s",
			text[0] != '\0' ? text : strerror(-rc));
	return 0;
}

// The MTU changes the device now, so that a refusal is known before anything else happens; what
// packets see of it, and the role, changes with the commit.
static int update_port(struct dataplane *dp, struct txn *t, const struct obj_port *o)
{
	const struct obj_port *old = objects_get(&dp->objects, OBJ_PORT, o->id);
	char text[MSG_TEXT_MAX] = "";
	int rc;

	if (!port_equal(old, o)) {
		t->fate[o->id] = PORT_KEEP;
		return txn_error(&t->errors, OBJ_PORT, o->id, "port", -EOPNOTSUPP,
			"only MTU, role and gateway can change; remove the interface, then add "
			"it again");
	}
	rc = port_update(dataplane_port(dp, o->id), o, text, sizeof(text));
	if (rc == 0)
		return 0;
	t->fate[o->id] = PORT_KEEP;
	return txn_error(&t->errors, OBJ_PORT, o->id, "mtu", rc, "%s",
		text[0] != '\0' ? text : strerror(-rc));
}

int txn_ports_prepare(struct dataplane *dp, struct txn *t)
{
	int rc = 0;

	decide_fates(dp, t);
	for (OBJECTS_EACH(&t->staged, OBJ_PORT, const struct obj_port, o)) {
		int one = 0;

		if (o->role != ROLE_PRIVATE && o->role != ROLE_PUBLIC)
			one = txn_error(
				&t->errors, OBJ_PORT, o->id, "role", -EINVAL, "no such role");
		else if (t->fate[o->id] == PORT_CREATE)
			one = create_port(dp, t, o);
		else if (t->fate[o->id] == PORT_UPDATE)
			one = update_port(dp, t, o);
		rc = rc == 0 ? one : rc;
	}
	return rc;
}

void txn_ports_discard(struct dataplane *dp, struct txn *t)
{
	char text[MSG_TEXT_MAX];

	for (uint32_t id = 1; id < LIMIT_PORTS; id++) {
		port_destroy(t->created[id]);
		t->created[id] = NULL;
		if (t->fate[id] == PORT_UPDATE)
			port_update(dataplane_port(dp, id), objects_get(&dp->objects, OBJ_PORT, id),
				text, sizeof(text));
	}
	memset(t->fate, PORT_KEEP, sizeof(t->fate));
}

// `o`: the port in the configuration that is to come, or that stays.
static int register_port(struct dataplane *dp, const struct port *p, const struct obj_port *o)
{
	rte_be32_t gateway;
	int rc =
		l3_port_set(dp->l3, p->id, p->conf.mtu, (const struct rte_ether_addr *)p->conf.mac);

	if (rc == 0 && dp->neigh_netlink != NULL && p->mirror != NULL)
		rc = neigh_netlink_port_add(
			dp->neigh_netlink, p->id, (int)p->mirror->channel.tap.ifindex);
	memcpy(&gateway, o->gateway.bytes, sizeof(gateway));
	return rc == 0 ? l3_gateway_set(dp->l3, p->id, gateway) : rc;
}

static void unregister_port(struct dataplane *dp, uint16_t id)
{
	if (dp->neigh_netlink != NULL)
		neigh_netlink_port_del(dp->neigh_netlink, id);
	l3_port_clear(dp->l3, id);
}

// What the workers poll after the flip; NULL when no port comes or goes.
static int next_poll(struct dataplane *dp, struct txn *t)
{
	struct port *ports[LIMIT_PORTS] = { NULL };
	bool changed = false;

	for (uint32_t id = 1; id < LIMIT_PORTS; id++) {
		changed |= t->fate[id] == PORT_CREATE || t->fate[id] == PORT_DELETE;
		if (t->fate[id] == PORT_CREATE)
			ports[id] = t->created[id];
		else if (t->fate[id] != PORT_DELETE)
			ports[id] = dataplane_port(dp, id);
	}
	if (!changed)
		return 0;
	t->next_poll = rxq_map_build(ports, LIMIT_PORTS, dp->n_workers);
	return t->next_poll == NULL ? -ENOMEM : 0;
}

int txn_ports_register(struct dataplane *dp, struct txn *t)
{
	for (uint32_t id = 1; id < LIMIT_PORTS; id++) {
		const struct obj_port *o = objects_get(&t->staged, OBJ_PORT, id);
		struct port *p = t->created[id];
		char text[MSG_TEXT_MAX] = "";
		int rc = 0;

		if (t->fate[id] == PORT_UPDATE)
			rc = register_port(dp, dataplane_port(dp, id), o);
		else if (t->fate[id] == PORT_CREATE)
			rc = register_port(dp, p, o);
		if (rc == 0 && p != NULL)
			rc = port_start(p, text, sizeof(text));
		if (rc < 0)
			return txn_error(&t->errors, OBJ_PORT, id, "port", rc, "cannot start: %s",
				text[0] != '\0' ? text : strerror(-rc));
	}
	return next_poll(dp, t);
}

void txn_ports_unregister(struct dataplane *dp, struct txn *t)
{
	uint8_t fate[LIMIT_PORTS];

	memcpy(fate, t->fate, sizeof(fate));
	for (uint32_t id = 1; id < LIMIT_PORTS; id++)
		if (fate[id] == PORT_CREATE)
			unregister_port(dp, id);
	txn_ports_discard(dp, t);
	// The ports have their old attributes again; so must their adjacencies.
	for (OBJECTS_EACH(&dp->objects, OBJ_PORT, const struct obj_port, o))
		if (fate[o->id] == PORT_UPDATE &&
			register_port(dp, dataplane_port(dp, o->id), o) < 0)
			log_error(
				"port %u: adjacencies keep attributes of a refused change", o->id);
	rxq_map_free(t->next_poll);
	t->next_poll = NULL;
}

static void destroy_map(struct dataplane *dp, void *map)
{
	rxq_map_free(map);
}

static void destroy_port(struct dataplane *dp, void *port)
{
	port_destroy(port);
}

// What changes is swapped: the transaction holds what is to go from here on.
void txn_ports_replace(struct txn *t)
{
	struct set *next = t->next;
	struct rxq_map *map = t->next_poll;

	next->public_ports = 0;
	for (OBJECTS_EACH(&t->staged, OBJ_PORT, const struct obj_port, o))
		next->public_ports |= (uint64_t)(o->role == ROLE_PUBLIC) << o->id;
	if (map == NULL)
		return;
	for (uint32_t id = 1; id < LIMIT_PORTS; id++) {
		struct port *gone = next->port[id];

		if (t->fate[id] == PORT_KEEP || t->fate[id] == PORT_UPDATE)
			continue;
		next->port[id] = t->created[id];
		t->created[id] = gone;
	}
	t->next_poll = (struct rxq_map *)(uintptr_t)next->poll;
	next->poll = map;
}

void txn_ports_retire(struct dataplane *dp, struct txn *t)
{
	for (uint32_t id = 1; id < LIMIT_PORTS; id++) {
		if (t->created[id] != NULL)
			dataplane_retire(dp, destroy_port, t->created[id]);
		t->created[id] = NULL;
	}
	if (t->next_poll != NULL)
		dataplane_retire(dp, destroy_map, t->next_poll);
	t->next_poll = NULL;
}

void txn_ports_unregister_old(struct dataplane *dp, struct txn *t)
{
	for (uint32_t id = 1; id < LIMIT_PORTS; id++)
		if (t->fate[id] == PORT_DELETE)
			unregister_port(dp, id);
	memset(t->fate, PORT_KEEP, sizeof(t->fate));
}
