// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// Ids are small and dense: an array by id for each kind.
#include "control/api/names.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct table {
	const char **name; // by id, into the configuration
	uint32_t size;
};

struct names {
	struct config *config;
	struct table kind[OBJ_KIND_COUNT];
};

static int table_put(struct table *t, uint32_t id, const char *name)
{
	if (id >= t->size) {
		uint32_t size = t->size ? t->size : 64;
		const char **grown;

		while (size <= id)
			size *= 2;
		grown = reallocarray(t->name, size, sizeof(*grown));
		if (!grown)
			return -1;
		memset(&grown[t->size], 0, (size - t->size) * sizeof(*grown));
		t->name = grown;
		t->size = size;
	}
	t->name[id] = name;
	return 0;
}

static int fill(struct names *n, const struct config *c)
{
	int ret = 0;

	for (unsigned int i = 0; i < c->n_interfaces && ret == 0; i++)
		ret = table_put(&n->kind[OBJ_PORT], c->interfaces[i].id, c->interfaces[i].name);
	for (unsigned int i = 0; i < c->n_snat && ret == 0; i++)
		ret = table_put(&n->kind[OBJ_SNAT], c->snat[i].id, c->snat[i].name);
	for (unsigned int i = 0; i < c->n_eips && ret == 0; i++)
		ret = table_put(&n->kind[OBJ_EIP], c->eips[i].id, c->eips[i].name);
	for (unsigned int i = 0; i < c->n_port_forwards && ret == 0; i++)
		ret = table_put(&n->kind[OBJ_PORT_FORWARD], c->port_forwards[i].id,
			c->port_forwards[i].name);
	return ret;
}

struct names *names_create(struct config *c)
{
	struct names *n = calloc(1, sizeof(*n));

	if (!n || !c)
		return n;
	n->config = config_ref(c);
	if (fill(n, c) == 0)
		return n;
	names_destroy(n);
	return NULL;
}

void names_destroy(struct names *n)
{
	if (!n)
		return;
	for (int kind = 0; kind < OBJ_KIND_COUNT; kind++)
		free(n->kind[kind].name);
	config_unref(n->config);
	free(n);
}

const char *names_get(const struct names *n, enum obj_kind kind, uint32_t id)
{
	if (kind >= OBJ_KIND_COUNT || id == 0 || id >= n->kind[kind].size)
		return NULL;
	return n->kind[kind].name[id];
}

uint32_t names_id(const struct names *n, enum obj_kind kind, const char *name)
{
	for (uint32_t id = 1; kind < OBJ_KIND_COUNT && id < n->kind[kind].size; id++)
		if (n->kind[kind].name[id] != NULL && strcmp(n->kind[kind].name[id], name) == 0)
			return id;
	return 0;
}

json_t *json_name(const char *name)
{
	return name ? json_string(name) : json_null();
}

json_t *json_address(const struct msg_addr *a)
{
	char text[INET6_ADDRSTRLEN];

	if (a->family == 0 || !inet_ntop(a->family, a->bytes, text, sizeof(text)))
		return json_null();
	return json_string(text);
}

json_t *json_prefix(const struct msg_addr *a)
{
	char text[INET6_ADDRSTRLEN];

	if (a->family == 0 || !inet_ntop(a->family, a->bytes, text, sizeof(text)))
		return json_null();
	return json_sprintf("%s/%u", text, a->plen);
}

json_t *json_mac(const uint8_t mac[6])
{
	return json_sprintf(
		"%02x:%02x:%02x:%02x:%02x:%02x", mac[0], mac[1], mac[2], mac[3], mac[4], mac[5]);
}

// A wire string need not be terminated, and must be UTF-8 to become JSON.
json_t *json_wire_string(const char *text, size_t size)
{
	json_t *string = json_sprintf("%.*s", (int)size, text);

	return string ? string : json_null();
}

static const struct {
	uint8_t number;
	const char *name;
} protocols[] = {
	{ IPPROTO_ICMP, "icmp" },
	{ IPPROTO_TCP, "tcp" },
	{ IPPROTO_UDP, "udp" },
	{ IPPROTO_GRE, "gre" },
	{ IPPROTO_ESP, "esp" },
};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

json_t *json_protocol(uint8_t protocol)
{
	for (size_t i = 0; i < COUNT(protocols); i++)
		if (protocols[i].number == protocol)
			return json_string(protocols[i].name);
	return json_sprintf("%u", protocol);
}

int protocol_number(const char *text)
{
	char *end;
	long number;

	for (size_t i = 0; i < COUNT(protocols); i++)
		if (strcmp(protocols[i].name, text) == 0)
			return protocols[i].number;
	number = strtol(text, &end, 10);
	return *text < '0' || *text > '9' || *end || number > UINT8_MAX ? -1 : (int)number;
}

static const char *word(const char *const *words, size_t count, unsigned int i, const char *other)
{
	return i < count && words[i] ? words[i] : other;
}

const char *kind_name(enum obj_kind kind)
{
	static const char *const words[] = {
		[OBJ_EIP] = "eip",
		[OBJ_PORT_FORWARD] = "port_forward",
		[OBJ_SNAT] = "snat",
	};

	return word(words, COUNT(words), kind, "none");
}

const char *driver_name(uint8_t driver)
{
	static const char *const words[] = {
		[PORT_TAP] = "tap",
		[PORT_VHOST_USER] = "vhost_user",
		[PORT_MEMIF] = "memif",
		[PORT_PCI] = "pci",
		[PORT_AF_XDP] = "af_xdp",
		[PORT_AF_PACKET] = "af_packet",
	};

	return word(words, COUNT(words), driver, "unknown");
}

const char *role_name(enum interface_role role)
{
	static const char *const words[] = {
		[INTERFACE_MANAGEMENT] = "management",
		[INTERFACE_PRIVATE] = "private",
		[INTERFACE_PUBLIC] = "public",
	};

	return word(words, COUNT(words), role, "unknown");
}

const char *side_name(uint8_t side)
{
	static const char *const words[] = { "private", "public", "tunnel", "kernel" };

	return word(words, COUNT(words), side, "unknown");
}

static const char *const tcp_states[] = { NULL, "opening", "established", "closing", "reset" };

const char *tcp_state_name(uint8_t state)
{
	return word(tcp_states, COUNT(tcp_states), state, NULL);
}

int tcp_state_number(const char *name)
{
	for (size_t i = 1; i < COUNT(tcp_states); i++)
		if (strcmp(tcp_states[i], name) == 0)
			return (int)i;
	return -1;
}

const char *punt_class_name(unsigned int punt_class)
{
	static const char *const words[] = {
		[PUNT_ARP] = "arp",
		[PUNT_ROUTING] = "routing",
		[PUNT_IKE] = "ike",
		[PUNT_SERVICE] = "service",
		[PUNT_ICMP] = "icmp",
		[PUNT_ANSWER] = "answer",
		[PUNT_REST] = "rest",
	};

	return word(words, COUNT(words), punt_class, "unknown");
}
