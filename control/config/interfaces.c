// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// The list `interfaces`.
#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "control/config/context.h"
#include "control/config/text.h"
#include "dataplane/main/limits.h"

#define MTU_MIN	    576 // RFC 791: what every host accepts
#define MTU_MAX	    9000
#define MTU_DEFAULT 1500

#define SPEED_MAX     1000000 // Mbit/s
#define SPEED_DEFAULT 10000   // a virtual NIC has no speed of its own

static const char *const roles[] = {
	[INTERFACE_MANAGEMENT] = "management",
	[INTERFACE_PRIVATE] = "private",
	[INTERFACE_PUBLIC] = "public",
	NULL,
};

// In the order of enum port_driver, from PORT_TAP on.
static const char *const drivers[] = { "tap", "vhost_user", "memif", "pci", "af_xdp", "af_packet",
	NULL };
static_assert(sizeof(drivers) / sizeof(drivers[0]) == PORT_DRIVER_COUNT, "one name per driver");

static void parse_mac(struct parse *ps, const struct reader *r, size_t index)
{
	struct interface_config *all = ps->config->interfaces, *interface = &all[index];
	const char *text = NULL;

	if (read_text(r, "mac", OPTIONAL, &text) != READ_OK)
		return;
	const char *wrong = text_mac(text, interface->mac);
	if (wrong != NULL) {
		report_member(r, "mac", "%s", wrong);
		return;
	}
	interface->has_mac = true;
	for (size_t i = 0; i < index; i++)
		if (all[i].has_mac && memcmp(all[i].mac, interface->mac, sizeof(all[i].mac)) == 0) {
			report_member(r, "mac", "already used by /interfaces/%zu", i);
			return;
		}
}

static void parse_port(struct parse *ps, const struct reader *entry, size_t index)
{
	static const char *const fields[] = { "driver", "address", NULL };
	struct interface_config *all = ps->config->interfaces, *interface = &all[index];
	struct path path = { .up = entry->path, .key = "port" };
	json_t *json = reader_member(entry, "port");
	const char *text = NULL;
	unsigned int driver = 0;
	struct reader r;

	if (json == NULL || !reader_open(&r, json, &path, ps->problems, fields))
		return;
	enum reading got = read_choice(&r, "driver", REQUIRED, drivers, &driver);
	if (read_text(&r, "address", REQUIRED, &text) != READ_OK || got != READ_OK)
		return;
	interface->driver = PORT_TAP + driver;
	const char *wrong = text_port_address(text, interface->driver);
	if (wrong != NULL) {
		report_member(&r, "address", "%s", wrong);
		return;
	}
	memcpy(interface->port_address, text, strlen(text) + 1);
	interface->has_port = true;
	for (size_t i = 0; i < index; i++)
		if (all[i].has_port && strcmp(all[i].port_address, text) == 0) {
			report_member(&r, "address", "already used by /interfaces/%zu", i);
			return;
		}
}

// Which device it is: a router interface needs to be found, a management interface is no port.
static void check_device(const struct parse *ps, const struct reader *r, size_t index)
{
	bool management = ps->config->interfaces[index].role == INTERFACE_MANAGEMENT;
	bool port = reader_member(r, "port") != NULL;
	bool mac = reader_member(r, "mac") != NULL;

	if (management && port)
		report_member(r, "port", "a management interface is not a port of the data plane");
	else if (!management && !port && !mac)
		report_member(r, "port", "missing, and no \"mac\" to find the NIC by");
}

static const char *interface_address_wrong(const struct ipv4_prefix *prefix)
{
	const char *wrong = address_not_host(prefix->addr);

	if (wrong == NULL && prefix->plen == 0)
		wrong = "the prefix length is 0";
	return wrong != NULL ? wrong : address_not_in_subnet(prefix->addr, prefix->plen);
}

static bool parse_address(
	struct parse *ps, const struct path *path, json_t *json, struct interface_address *out)
{
	const char *text = json_string_value(json);
	const char *wrong =
		text == NULL ? "expected \"address/length\"" : text_prefix(text, &out->prefix);

	if (wrong == NULL)
		wrong = interface_address_wrong(&out->prefix);
	if (wrong != NULL)
		report(ps->problems, path, json, "%s", wrong);
	return wrong == NULL;
}

// True when all are good. The member itself is an array, or absent.
static bool parse_addresses(struct parse *ps, const struct reader *r, size_t index)
{
	struct interface_config *interface = &ps->config->interfaces[index];
	struct path list = { .up = r->path, .key = "addresses" };
	json_t *json = NULL;
	enum reading got = read_array(r, "addresses", &json);

	if (got != READ_OK)
		return got == READ_ABSENT;
	size_t n = json_array_size(json);
	if (n >= LIMIT_ADDRESSES) {
		report(ps->problems, &list, NULL, "%zu entries, more than the limit of %d", n,
			LIMIT_ADDRESSES - 1);
		return false;
	}
	interface->addresses = parse_alloc(ps, n, sizeof(*interface->addresses));
	if (interface->addresses == NULL)
		return false;
	bool good = true;
	for (size_t i = 0; i < n; i++) {
		struct path path = { .up = &list, .index = i };

		if (!parse_address(ps, &path, json_array_get(json, i), &interface->addresses[i]))
			good = false;
	}
	interface->n_addresses = (unsigned int)n;
	return good;
}

// Whether `address` is one that a neighbour on one of the interface's subnets can have.
static const char *gateway_wrong(const struct interface_config *interface)
{
	for (unsigned int i = 0; i < interface->n_addresses; i++) {
		const struct ipv4_prefix *prefix = &interface->addresses[i].prefix;

		if (prefix->addr.s_addr == interface->gateway.s_addr)
			return "is the interface's own address";
	}
	for (unsigned int i = 0; i < interface->n_addresses; i++) {
		const struct ipv4_prefix *prefix = &interface->addresses[i].prefix;

		if (prefix_contains(prefix, interface->gateway))
			return address_not_in_subnet(interface->gateway, prefix->plen);
	}
	return "in no subnet of the interface";
}

static void parse_gateway(struct parse *ps, const struct reader *r, size_t index)
{
	struct interface_config *interface = &ps->config->interfaces[index];
	const struct interface_state *state = &ps->interfaces[index];
	enum reading got = read_host(r, "gateway", OPTIONAL, &interface->gateway);

	interface->gateway_priority = (uint32_t)index + 1;
	if (read_integer(r, "gateway_priority", OPTIONAL, 1, 254, &interface->gateway_priority) !=
			READ_ABSENT &&
		got == READ_ABSENT)
		report_member(r, "gateway_priority", "there is no \"gateway\" that it is of");
	if (got != READ_OK || !state->role)
		return;
	interface->has_gateway = true;
	if (interface->role == INTERFACE_PRIVATE) {
		report_member(r, "gateway", "a private interface has no gateway; use \"routes\"");
		return;
	}
	const char *wrong = state->addresses ? gateway_wrong(interface) : NULL;
	if (wrong != NULL)
		report_member(r, "gateway", "%s", wrong);
}

static void parse_interface(struct parse *ps, json_t *json, const struct path *path, size_t index)
{
	static const char *const fields[] = { "name", "mac", "port", "role", "addresses", "gateway",
		"gateway_priority", "monitor", "mtu", "queues", "speed_mbps", NULL };
	struct interface_config *interface = &ps->config->interfaces[index];
	struct interface_state *state = &ps->interfaces[index];
	uint32_t mtu = MTU_DEFAULT, queues = 1;
	unsigned int role = 0;
	struct reader r;

	if (!reader_open(&r, json, path, ps->problems, fields))
		return;
	parse_name(ps, &r, "interfaces", &ps->interface_names, index, text_interface_name,
		interface->name);
	state->role = read_choice(&r, "role", REQUIRED, roles, &role) == READ_OK;
	interface->role = (enum interface_role)role;
	parse_mac(ps, &r, index);
	parse_port(ps, &r, index);
	if (state->role)
		check_device(ps, &r, index);
	state->addresses = parse_addresses(ps, &r, index);
	parse_gateway(ps, &r, index);
	parse_monitor(ps, &r, index);
	(void)read_integer(&r, "mtu", OPTIONAL, MTU_MIN, MTU_MAX, &mtu);
	(void)read_integer(&r, "queues", OPTIONAL, 1, LIMIT_RXQ, &queues);
	interface->speed_mbps = SPEED_DEFAULT;
	(void)read_integer(&r, "speed_mbps", OPTIONAL, 1, SPEED_MAX, &interface->speed_mbps);
	interface->mtu = (uint16_t)mtu;
	interface->queues = (uint16_t)queues;
}

// The lowest usable uplink wins: two of the same priority would leave the winner to chance.
static void check_priorities(struct parse *ps)
{
	const struct config *c = ps->config;
	int holder[255];

	memset(holder, -1, sizeof(holder));
	for (unsigned int i = 0; i < c->n_interfaces; i++) {
		const struct interface_config *interface = &c->interfaces[i];

		if (!ps->interfaces[i].role || !interface->has_gateway ||
			interface->role != INTERFACE_PUBLIC)
			continue;
		int *first = &holder[interface->gateway_priority];
		if (*first >= 0)
			report_entry(ps, "interfaces", i, "gateway_priority", -1,
				"priority %u is also that of \"%s\"", interface->gateway_priority,
				c->interfaces[*first].name);
		*first = (int)i;
	}
}

void parse_interfaces(struct parse *ps)
{
	struct config *c = ps->config;
	struct path list;
	json_t *json = NULL;
	// Id 0 is no port.
	size_t n = parse_list(ps, "interfaces", LIMIT_PORTS - 1, &list, &json);

	c->interfaces = parse_alloc(ps, n, sizeof(*c->interfaces));
	ps->interfaces = parse_alloc(ps, n, sizeof(*ps->interfaces));
	if (c->interfaces == NULL || ps->interfaces == NULL)
		return;
	c->n_interfaces = (unsigned int)n;
	for (size_t i = 0; i < n; i++) {
		struct path path = { .up = &list, .index = i };

		parse_interface(ps, json_array_get(json, i), &path, i);
	}
	check_priorities(ps);
}
