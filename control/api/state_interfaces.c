// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// State of the interfaces (configuration, port and counters in one), the devices that they can be
// made of, and the tables' limits.
#include "control/api/state.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "control/api/handlers.h"

static json_t *addresses(const struct interface_config *conf)
{
	json_t *all = json_array();

	for (unsigned int i = 0; i < conf->n_addresses; i++) {
		const struct ipv4_prefix *p = &conf->addresses[i].prefix;
		char text[INET_ADDRSTRLEN];

		inet_ntop(AF_INET, &p->addr, text, sizeof(text));
		json_array_append_new(all, json_sprintf("%s/%u", text, p->plen));
	}
	return all;
}

static json_t *port_counters(const struct port_counters *c, const struct port_losses *lost)
{
	return json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "rx_packets",
		json_counter(c->rx_packets), "rx_bytes", json_counter(c->rx_bytes), "tx_packets",
		json_counter(c->tx_packets), "tx_bytes", json_counter(c->tx_bytes), "from_kernel",
		json_counter(c->from_kernel), "to_kernel", json_counter(c->to_kernel), "rx_missed",
		json_counter(lost->rx_missed), "rx_no_buffer", json_counter(lost->rx_no_buffer),
		"rx_errors", json_counter(lost->rx_errors), "tx_errors",
		json_counter(lost->tx_errors));
}

static const struct dump_port *find_port(const struct dump_port *ports, size_t count, uint32_t id)
{
	for (size_t i = 0; i < count; i++)
		if (ports[i].id == id)
			return &ports[i];
	return NULL;
}

static void add_port(json_t *interface, const struct dump_port *port, const struct counters *c)
{
	json_object_set_new(interface, "link_up", json_boolean(port->link_up));
	json_object_set_new(interface, "mac", json_mac(port->mac));
	json_object_set_new(interface, "mtu", json_integer(port->mtu));
	json_object_set_new(interface, "driver", json_string(driver_name(port->driver)));
	json_object_set_new(
		interface, "port", json_wire_string(port->address, sizeof(port->address)));
	json_object_set_new(interface, "queues", json_integer(port->queues));
	json_object_set_new(interface, "rx_workers",
		json_wire_string(port->rx_workers, sizeof(port->rx_workers)));
	if (port->id < LIMIT_PORTS)
		json_object_set_new(interface, "counters",
			port_counters(&c->sum.ports[port->id], &c->losses[port->id]));
}

static json_t *json_time(int64_t seconds)
{
	time_t t = (time_t)seconds;
	char text[32] = "";
	struct tm tm;

	if (gmtime_r(&t, &tm) != NULL)
		(void)strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &tm);
	return json_string(text);
}

static void add_uplink(json_t *interface, const struct kernel_uplink *u)
{
	json_t *uplink = json_pack("{s:s, s:o, s:o, s:b, s:I}", "state", u->down ? "down" : "up",
		"reason", json_name(u->down), "since", json_time(u->since), "in_use", u->in_use,
		"changes", (json_int_t)u->changes);

	if (u->monitored)
		json_object_set_new(uplink, "probes",
			json_pack("{s:I, s:I}", "sent", (json_int_t)u->probes_sent, "lost",
				(json_int_t)u->probes_lost));
	json_object_set_new(interface, "uplink", uplink);
}

static json_t *interface_state(
	const struct interface_config *conf, const struct dump_port *port, const struct counters *c)
{
	json_t *interface = json_pack("{s:s, s:s, s:o}", "name", conf->name, "role",
		role_name(conf->role), "addresses", addresses(conf));

	if (port)
		add_port(interface, port, c);
	else if (conf->role != INTERFACE_MANAGEMENT)
		json_object_set_new(interface, "link_up", json_false());
	return interface;
}

void state_interfaces(struct request *r)
{
	struct counters *c = state_counters(r);
	struct config *now = engine_current(r->env->engine);
	struct dump_port *ports = NULL;
	json_t *items;
	size_t count;

	if (c && state_dump(r, DUMP_PORTS, (void **)&ports, sizeof(*ports), &count) == 0) {
		items = json_array();
		for (unsigned int i = 0; now && i < now->n_interfaces; i++) {
			const struct interface_config *conf = &now->interfaces[i];
			json_t *item = interface_state(conf, find_port(ports, count, conf->id), c);
			struct kernel_uplink uplink;

			if (kernel_uplink(r->env->kernel, conf->id, &uplink))
				add_uplink(item, &uplink);
			json_array_append_new(items, item);
		}
		reply_list(r, items, json_array_size(items));
	}
	free(ports);
	config_unref(now);
	free(c);
}

static json_t *device_mac(const uint8_t mac[6])
{
	static const uint8_t none[6];

	return memcmp(mac, none, sizeof(none)) == 0 ? json_null() : json_mac(mac);
}

void state_devices(struct request *r)
{
	struct dump_device *devices = NULL;
	json_t *items;
	size_t count;

	if (state_dump(r, DUMP_DEVICES, (void **)&devices, sizeof(*devices), &count) < 0)
		return;
	items = json_array();
	for (size_t i = 0; i < count; i++)
		json_array_append_new(items,
			json_pack("{s:o, s:o, s:o, s:b}", "address",
				json_wire_string(devices[i].address, sizeof(devices[i].address)),
				"mac", device_mac(devices[i].mac), "driver",
				json_wire_string(devices[i].driver, sizeof(devices[i].driver)),
				"in_use", devices[i].in_use != 0));
	free(devices);
	reply_list(r, items, json_array_size(items));
}
