// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// The list `snat`.
#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#include "control/config/context.h"
#include "control/config/text.h"
#include "dataplane/main/limits.h"

// The kernel picks these source ports on the addresses of interfaces (ip_local_port_range of the
// namespace of the mirrors), so SNAT does not.
#define KERNEL_PORT_FIRST 10240
#define KERNEL_PORT_LAST  32767
#define SNAT_PORT_FIRST	  1024

static const char *const mappings[] = {
	[NAT_MAP_ENDPOINT_INDEPENDENT] = "endpoint_independent",
	[NAT_MAP_ENDPOINT_DEPENDENT] = "endpoint_dependent",
	NULL,
};
static const char *const filterings[] = {
	[NAT_FILTER_ADDRESS_AND_PORT_DEPENDENT] = "address_and_port_dependent",
	[NAT_FILTER_ADDRESS_DEPENDENT] = "address",
	[NAT_FILTER_ENDPOINT_INDEPENDENT] = "endpoint_independent",
	NULL,
};

struct source_key {
	uint32_t interface;
	uint32_t network;
	uint8_t plen;
	uint32_t position;
};

// Finds an own address by its text, or a VIP by its name. NULL: *wrong says why not.
static const struct own *pool_address(struct parse *ps, const char *text, const char **wrong)
{
	struct in_addr address;

	if (text_address(text, &address) != NULL) {
		int vip = vip_find(ps, text);

		*wrong = vip >= 0 ? NULL
				  : unknown_name(ps, "no address, and no VIP has this name", text,
					    NAMES_VIP);
		return vip >= 0 && ps->vips[vip] ? own_find(ps, ps->config->vips[vip].address)
						 : NULL;
	}
	const struct own *own = own_find(ps, address);
	// An address that could not be read may be the one that is meant.
	*wrong = own == NULL && ps->subnets_good ? "no interface or VIP has this address" : NULL;
	return own;
}

static uint32_t blocks_between(uint32_t first, uint32_t last, uint32_t size)
{
	uint32_t from = (first + size - 1) / size, end = (last + 1) / size;

	return end > from ? end - from : 0;
}

// Blocks of ports, which begin at multiples of their size, that the range has on an address.
static uint32_t blocks_on(const struct snat_config *rule, bool interface)
{
	uint32_t size = rule->port_block_size, first = rule->port_first, last = rule->port_last;

	if (first < SNAT_PORT_FIRST)
		first = SNAT_PORT_FIRST;
	if (!interface || last < KERNEL_PORT_FIRST || first > KERNEL_PORT_LAST)
		return blocks_between(first, last, size);
	return blocks_between(first, KERNEL_PORT_FIRST - 1, size) +
	       blocks_between(KERNEL_PORT_LAST + 1, last, size);
}

static const char *pool_member_wrong(
	const struct parse *ps, const struct snat_config *rule, const struct own *own)
{
	if (own->ref.interface != rule->interface)
		return "is not on the rule's interface";
	if (own->ref.vip >= 0 && ps->eip_of_vip[own->ref.vip] != 0)
		return "is a VIP that carries an EIP and can carry nothing else";
	for (unsigned int i = 0; i < rule->n_pool; i++)
		if (rule->pool[i].address.s_addr == own->ref.address.s_addr)
			return "is already in the list";
	if (rule->port_last != 0 && rule->port_last < SNAT_PORT_FIRST)
		return "cannot be used: \"port_range\" leaves no port, none below 1024 is given";
	// Of an interface's own address the kernel keeps the middle of the ports.
	if (own->ref.vip < 0 && rule->port_last != 0 && rule->port_first >= KERNEL_PORT_FIRST &&
		rule->port_last <= KERNEL_PORT_LAST)
		return "is an interface's own address, of which \"port_range\" leaves no port: "
		       "there it can use 1024-10239 and 32768-65535";
	if (rule->port_last != 0 && rule->port_block_size != 0 &&
		blocks_on(rule, own->ref.vip < 0) == 0)
		return "cannot be used: \"port_range\" leaves no whole block of "
		       "\"port_block_size\" ports, which begins at a multiple of that size";
	return NULL;
}

static void parse_pool_member(
	struct parse *ps, struct snat_config *rule, const struct path *path, json_t *json)
{
	const char *text = json_string_value(json);
	const char *wrong = "expected an address or the name of a VIP";
	const struct own *own = text != NULL ? pool_address(ps, text, &wrong) : NULL;

	if (own != NULL)
		wrong = pool_member_wrong(ps, rule, own);
	if (wrong != NULL)
		report(ps->problems, path, json, "%s", wrong);
	else if (own != NULL)
		rule->pool[rule->n_pool++] = own->ref;
}

static void parse_pool(struct parse *ps, const struct reader *r, struct snat_config *rule)
{
	struct path list = { .up = r->path, .key = "addresses" };
	json_t *json = NULL;

	if (read_array(r, "addresses", &json) != READ_OK)
		return;
	size_t n = json_array_size(json);
	if (n == 0 || n > LIMIT_SNAT_POOL) {
		report(ps->problems, &list, NULL, "%zu entries, expected 1 to %d", n,
			LIMIT_SNAT_POOL);
		return;
	}
	rule->pool = parse_alloc(ps, n, sizeof(*rule->pool));
	for (size_t i = 0; rule->pool != NULL && i < n; i++) {
		struct path path = { .up = &list, .index = i };

		parse_pool_member(ps, rule, &path, json_array_get(json, i));
	}
}

static void default_pool(struct parse *ps, const struct reader *r, struct snat_config *rule)
{
	const struct interface_config *interface = &ps->config->interfaces[rule->interface];
	struct own first = { 0 };

	if (!ps->interfaces[rule->interface].addresses)
		return;
	if (interface->n_addresses == 0) {
		report_member(r, "interface", "has no address to translate to");
		return;
	}
	rule->pool = parse_alloc(ps, 1, sizeof(*rule->pool));
	if (rule->pool == NULL)
		return;
	first.ref = (struct address_ref){
		.address = interface->addresses[0].prefix.addr,
		.interface = rule->interface,
		.vip = -1,
	};
	const char *wrong = pool_member_wrong(ps, rule, &first);
	if (wrong != NULL)
		report_member(r, "interface", "its first address %s", wrong);
	else
		rule->pool[rule->n_pool++] = first.ref;
}

static void parse_behaviour(const struct reader *r, struct snat_config *rule)
{
	unsigned int mapping = NAT_MAP_ENDPOINT_INDEPENDENT;
	unsigned int filtering = NAT_FILTER_ADDRESS_AND_PORT_DEPENDENT;
	enum reading got = read_choice(r, "mapping", OPTIONAL, mappings, &mapping);

	if (read_choice(r, "filtering", OPTIONAL, filterings, &filtering) == READ_OK &&
		got != READ_BAD && mapping == NAT_MAP_ENDPOINT_DEPENDENT &&
		filtering != NAT_FILTER_ADDRESS_AND_PORT_DEPENDENT)
		report_member(r, "filtering",
			"an endpoint_dependent mapping can only be filtered by "
			"address_and_port_dependent");
	rule->mapping = (enum nat_mapping)mapping;
	rule->filtering = (enum nat_filtering)filtering;
}

static void parse_port_range(const struct reader *r, struct snat_config *rule)
{
	rule->port_first = SNAT_PORT_FIRST;
	rule->port_last = UINT16_MAX;
	const char *text = json_string_value(reader_member(r, "port_range"));
	enum reading got =
		read_ports(r, "port_range", OPTIONAL, &rule->port_first, &rule->port_last);
	if (got == READ_OK && strchr(text, '-') == NULL)
		report_member(r, "port_range", "expected a range \"n-m\"");
	if (got == READ_BAD)
		rule->port_first = rule->port_last = 0; // not known
}

static void parse_blocks(const struct reader *r, struct snat_config *rule)
{
	uint32_t size = 0;

	if (read_integer(r, "port_block_size", OPTIONAL, 0, PORT_BLOCK_SIZE_MAX, &size) ==
		READ_OK) {
		if (size != 0 && (size < PORT_BLOCK_SIZE_MIN || (size & (size - 1)) != 0))
			report_member(r, "port_block_size",
				"expected 0 (no blocks) or a power of two from %d to %d",
				PORT_BLOCK_SIZE_MIN, PORT_BLOCK_SIZE_MAX);
		else
			rule->port_block_size = size;
	}
	if (read_integer(r, "max_port_blocks_per_host", OPTIONAL, 1, PORT_BLOCKS_MAX,
		    &rule->max_port_blocks_per_host) == READ_OK &&
		reader_member(r, "port_block_size") == NULL)
		report_member(r, "max_port_blocks_per_host", "there is no \"port_block_size\"");
}

// True when interface and source are good.
static bool parse_rule(struct parse *ps, json_t *json, const struct path *path, size_t index)
{
	static const char *const fields[] = { "name", "source", "interface", "addresses", "mapping",
		"filtering", "port_range", "max_sessions_per_host", "max_session_rate_per_host",
		"port_block_size", "max_port_blocks_per_host", NULL };
	struct snat_config *rule = &ps->config->snat[index];
	struct reader r;

	if (!reader_open(&r, json, path, ps->problems, fields))
		return false;
	parse_name(ps, &r, "snat", &ps->names, index, text_name, rule->name);
	enum reading source = read_prefix(&r, "source", REQUIRED, &rule->source);
	parse_behaviour(&r, rule);
	parse_port_range(&r, rule);
	(void)read_integer(
		&r, "max_sessions_per_host", OPTIONAL, 1, UINT32_MAX, &rule->max_sessions_per_host);
	(void)read_integer(&r, "max_session_rate_per_host", OPTIONAL, 0, UINT32_MAX,
		&rule->max_session_rate_per_host);
	parse_blocks(&r, rule);
	if (parse_interface_ref(ps, &r, "interface", REQUIRED, &rule->interface) != READ_OK)
		return false;
	if (ps->config->interfaces[rule->interface].role != INTERFACE_PUBLIC) {
		report_member(&r, "interface", "is not public");
		return false;
	}
	if (json_object_get(json, "addresses") != NULL)
		parse_pool(ps, &r, rule);
	else
		default_pool(ps, &r, rule);
	return source == READ_OK;
}

static int order_keys(const void *a, const void *b)
{
	const struct source_key *x = a, *y = b;

	if (x->interface != y->interface)
		return x->interface > y->interface ? 1 : -1;
	if (x->network != y->network)
		return x->network > y->network ? 1 : -1;
	if (x->plen != y->plen)
		return x->plen > y->plen ? 1 : -1;
	return (x->position > y->position) - (x->position < y->position);
}

static void check_sources(struct parse *ps, struct source_key *keys, size_t n)
{
	const struct config *c = ps->config;

	qsort(keys, n, sizeof(*keys), order_keys);
	for (size_t i = 1; i < n; i++)
		if (keys[i].interface == keys[i - 1].interface &&
			keys[i].network == keys[i - 1].network && keys[i].plen == keys[i - 1].plen)
			report_entry(ps, "snat", keys[i].position, "source", -1,
				"is already the source of /snat/%u on interface \"%s\"",
				keys[i - 1].position, c->interfaces[keys[i].interface].name);
}

struct pool_use {
	struct in_addr address;
	uint32_t position; // of the rule
};

static int order_uses(const void *a, const void *b)
{
	const struct pool_use *x = a, *y = b;

	if (x->address.s_addr != y->address.s_addr)
		return x->address.s_addr > y->address.s_addr ? 1 : -1;
	return (x->position > y->position) - (x->position < y->position);
}

// A rule that gives ports one by one, or in other blocks, would give those of a host's block to
// others.
static void check_block_sizes(struct parse *ps, const struct pool_use *first, size_t n)
{
	const struct config *c = ps->config;
	const struct snat_config *rule = &c->snat[first->position];

	for (size_t i = 1; i < n; i++) {
		char text[INET_ADDRSTRLEN] = "";

		if (c->snat[first[i].position].port_block_size == rule->port_block_size)
			continue;
		inet_ntop(AF_INET, &first->address, text, sizeof(text));
		report_entry(ps, "snat", first[i].position, "port_block_size", -1,
			"rules that share an address have one: that of /snat/%u, which has %s, "
			"too, is %u",
			first->position, text, rule->port_block_size);
	}
}

// Each address that is translated to has a table of its ports in the data plane.
static void check_nat_addresses(struct parse *ps)
{
	const struct config *c = ps->config;
	size_t n = 0, distinct = 0;

	for (unsigned int i = 0; i < c->n_snat; i++)
		n += c->snat[i].n_pool;
	struct pool_use *all = parse_alloc(ps, n, sizeof(*all));
	if (all == NULL)
		return;
	n = 0;
	for (unsigned int i = 0; i < c->n_snat; i++)
		for (unsigned int j = 0; j < c->snat[i].n_pool; j++)
			all[n++] = (struct pool_use){ c->snat[i].pool[j].address, i };
	qsort(all, n, sizeof(*all), order_uses);
	for (size_t i = 0, next; i < n; i = next, distinct++) {
		for (next = i + 1; next < n && all[next].address.s_addr == all[i].address.s_addr;
			next++)
			;
		check_block_sizes(ps, &all[i], next - i);
	}
	free(all);
	struct path list = { .up = &ps->root, .key = "snat" };
	if (distinct > LIMIT_NAT_ADDRESSES)
		report(ps->problems, &list, NULL,
			"%zu addresses to translate to, more than the limit of %d", distinct,
			LIMIT_NAT_ADDRESSES);
}

void parse_snat(struct parse *ps)
{
	struct config *c = ps->config;
	struct path list;
	json_t *json = NULL;
	size_t n = parse_list(ps, "snat", LIMIT_SNAT_RULES - 1, &list, &json), good = 0;
	struct source_key *keys = parse_alloc(ps, n, sizeof(*keys));

	c->snat = parse_alloc(ps, n, sizeof(*c->snat));
	if (keys != NULL && c->snat != NULL) {
		c->n_snat = (unsigned int)n;
		name_index_clear(&ps->names);
		for (size_t i = 0; i < n; i++) {
			struct path path = { .up = &list, .index = i };
			const struct snat_config *rule = &c->snat[i];

			if (parse_rule(ps, json_array_get(json, i), &path, i))
				keys[good++] = (struct source_key){ rule->interface,
					rule->source.addr.s_addr & prefix_mask(rule->source.plen),
					rule->source.plen, (uint32_t)i };
		}
		check_sources(ps, keys, good);
		check_nat_addresses(ps);
	}
	free(keys);
}
