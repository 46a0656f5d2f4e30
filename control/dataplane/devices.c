// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// The inventory is asked for once, and only when a MAC address is new.
#include "control/dataplane/devices.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct inventory {
	struct dump_device *list;
	size_t count;
	bool asked;
};

static const struct obj_port *find_known(const struct objset *known, const uint8_t mac[6])
{
	for (size_t i = 0; known != NULL && i < known->kind[OBJ_PORT].count; i++) {
		const struct obj_port *port =
			(const struct obj_port *)(const void *)known->kind[OBJ_PORT].data + i;

		if (port->driver == PORT_PCI && memcmp(port->mac, mac, sizeof(port->mac)) == 0)
			return port;
	}
	return NULL;
}

static const struct dump_device *find_device(const struct inventory *v, const uint8_t mac[6])
{
	for (size_t i = 0; i < v->count; i++)
		if (memcmp(v->list[i].mac, mac, sizeof(v->list[i].mac)) == 0)
			return &v->list[i];
	return NULL;
}

static int ask(struct client *client, struct inventory *v)
{
	void *records = NULL;
	int rc;

	if (v->asked)
		return 0;
	rc = client_dump(client, DUMP_DEVICES, &records, sizeof(*v->list), &v->count);
	v->list = records;
	v->asked = rc == 0;
	return rc;
}

static void complain(
	struct problems *p, const struct config *c, uint32_t id, const struct inventory *v)
{
	char text[320] = "", pointer[32] = "";
	size_t at = 0;

	for (unsigned int i = 0; i < c->n_interfaces; i++)
		if (c->interfaces[i].id == id)
			snprintf(pointer, sizeof(pointer), "/interfaces/%u/mac", i);
	for (size_t i = 0; i < v->count && at + 24 < sizeof(text); i++) {
		const uint8_t *m = v->list[i].mac;

		at += (size_t)snprintf(text + at, sizeof(text) - at,
			"%s%02x:%02x:%02x:%02x:%02x:%02x", i > 0 ? ", " : "", m[0], m[1], m[2],
			m[3], m[4], m[5]);
	}
	problem_add(p, pointer, "no device has this MAC address; %s%s",
		at > 0 ? "there are " : "there is no device for the data plane", text);
	p->status = 422;
}

// 0, -EINVAL with a problem, or another negative errno.
static int resolve_port(struct client *client, const struct config *c, const struct objset *known,
	struct obj_port *port, struct inventory *v, struct problems *p)
{
	const struct obj_port *same = find_known(known, port->mac);
	const struct dump_device *device;
	int rc;

	if (same != NULL) {
		port->driver = PORT_PCI;
		memcpy(port->address, same->address, sizeof(port->address));
		return 0;
	}
	rc = ask(client, v);
	if (rc < 0)
		return rc;
	device = find_device(v, port->mac);
	if (device == NULL) {
		complain(p, c, port->id, v);
		return -EINVAL;
	}
	port->driver = PORT_PCI;
	memcpy(port->address, device->address,
		strnlen(device->address, sizeof(device->address) - 1));
	return 0;
}

int devices_resolve(struct client *client, const struct config *c, const struct objset *known,
	struct objset *set, struct problems *p)
{
	struct obj_port *ports = (struct obj_port *)(void *)set->kind[OBJ_PORT].data;
	struct inventory v = { 0 };
	int rc = 0;

	for (size_t i = 0; i < set->kind[OBJ_PORT].count && (rc == 0 || rc == -EINVAL); i++) {
		int one =
			ports[i].driver != 0 ? 0 : resolve_port(client, c, known, &ports[i], &v, p);

		rc = one < 0 ? one : rc;
	}
	free(v.list);
	return rc;
}
