// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// What the parsers of the lists share: the configuration being built, the names seen so far, and
// the router's own addresses and subnets in sorted order. Lives for one config_parse().
//
// An entry of a list is stored at its position in the document, bad ones too: a configuration with
// problems is thrown away, and positions stay those of the JSON pointers. What is known to be bad
// is flagged, so that one mistake is reported once and not again by all that refer to it.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <jansson.h>

#include "control/config/ids.h"
#include "control/config/model.h"
#include "control/config/name_index.h"
#include "control/config/problem.h"
#include "control/config/value.h"

// What of an interface was read without a problem.
struct interface_state {
	bool role;
	bool addresses;
};

// A subnet of a router interface. `first` and `last` in host order.
struct subnet {
	uint32_t first;
	uint32_t last;
	uint8_t plen;
	uint32_t interface;
	uint32_t position; // in the interface's addresses
};

// An own address: of a router interface, a VIP, or (`management`) of a management interface.
struct own {
	uint32_t address; // host order
	bool management;
	uint32_t position; // in the interface's addresses, or of the VIP
	struct address_ref ref;
	uint32_t *id; // where the object keeps its id
};

// Who uses ports of an own address, in the order of the document.
enum claim_holder {
	CLAIM_FORWARD,
	CLAIM_LISTENER,
	CLAIM_IKE,
};

struct claim {
	struct in_addr address;
	uint8_t protocol;
	uint16_t first, last; // host order, inclusive
	enum claim_holder holder;
	uint32_t index; // in the holder's list
	uint32_t item;	// the listener; IKE: 1 when the address is an interface's
};

struct parse {
	struct config *config;
	struct problems *problems;
	json_t *document;
	struct path root;
	struct reader top; // of the document
	bool no_memory;
	bool list_refused; // a list could not be read at all: its names are unknown
	struct name_index interface_names;
	struct name_index vip_names;
	unsigned int last_vip;		  // that vip_find() found
	struct name_index names;	  // of the list that is being read
	struct name_index listener_names; // of the load balancer that is being read
	struct interface_state *interfaces;
	bool *vips;		// address and interface were read without a problem
	uint32_t *eip_of_vip;	// 1 + position of the EIP, 0: none
	struct subnet *subnets; // sorted, without repetitions
	size_t n_subnets;
	bool subnets_good; // disjoint and complete: what is looked up in them can be relied on
	struct own *own;   // sorted by (management, address)
	size_t n_own;
	struct claim *claims;
	size_t n_claims, max_claims;
	char unknown[192]; // of unknown_name()
};

// What unknown_name() may propose.
enum name_kind {
	NAMES_VIP = 1,
	NAMES_INTERFACE = 2,
};

// Why a reference is refused, `what`, and which name might be meant: as text that the next call
// overwrites. Not for the last of many problems, as it looks at every name.
const char *unknown_name(struct parse *ps, const char *what, const char *name, unsigned int kinds);

// Zeroed memory for n elements, at least one; NULL sets no_memory.
void *parse_alloc(struct parse *ps, size_t n, size_t size);

// The list `key` of the document and its path. Returns its entries, 0 when there are none, or when
// it is no list or has more than `limit` entries, which is reported.
size_t parse_list(
	struct parse *ps, const char *key, size_t limit, struct path *path, json_t **list);

// Reads member `name` of entry `index` of list `key` into `out` (CONFIG_NAME_MAX bytes) and enters
// it into `names`; a repeated or malformed one is reported. `wrong` is the syntax check.
void parse_name(struct parse *ps, const struct reader *r, const char *key, struct name_index *names,
	size_t index, const char *(*wrong)(const char *), char *out);

// Reports at /list/index/member, or at element `item` of that member when it is not -1.
void report_entry(struct parse *ps, const char *list, size_t index, const char *member, int item,
	const char *format, ...) __attribute__((format(printf, 6, 7)));

// Position of the VIP of that name, -1: there is none.
int vip_find(struct parse *ps, const char *name);

// Reads a VIP or interface by name: *out is the VIP, or the interface's first address.
// Reported when it is neither, has no address, or is a management interface.
enum reading parse_owner(
	struct parse *ps, const struct reader *r, const char *key, struct address_ref *out);
// As parse_owner(), for what shares an address by ports: a VIP with an EIP is reported.
bool parse_service_address(
	struct parse *ps, const struct reader *r, const char *key, struct address_ref *out);
// Reads the target of a service: a host's address that is none of the router's own.
enum reading parse_target(
	struct parse *ps, const struct reader *r, const char *key, struct in_addr *out);

// Room for one more claim, which the caller fills; NULL sets no_memory.
struct claim *claim_ports(struct parse *ps);
void check_claims(struct parse *ps); // after all lists: no port has two users

// Reads the name of an interface that forwards; *out is its position. READ_BAD, reported, when
// there is none of that name or it is a management interface.
enum reading parse_interface_ref(struct parse *ps, const struct reader *r, const char *key,
	enum presence presence, unsigned int *out);

// The router's own address or subnet that is or holds `address`; NULL: none.
const struct own *own_find(const struct parse *ps, struct in_addr address);
const struct subnet *subnet_find(const struct parse *ps, struct in_addr address);

void parse_interfaces(struct parse *ps);
void parse_monitor(struct parse *ps, const struct reader *entry, size_t index);
void parse_vips(struct parse *ps);
void index_addresses(struct parse *ps); // after both: fills own and subnets, checks VIPs, gateways
void check_monitors(struct parse *ps);	// after that
void parse_eips(struct parse *ps);
void parse_snat(struct parse *ps);
void parse_port_forwards(struct parse *ps);
void parse_nat(struct parse *ps, const struct reader *top);
void parse_routes(struct parse *ps);
void parse_ipsec(struct parse *ps); // after the routes
void parse_load_balancers(struct parse *ps);
// Parts of these: a listener of a load balancer, and what IPsec connections protect.
void parse_listener(struct parse *ps, struct listener_config *l, json_t *json,
	const struct path *path, size_t balancer, size_t index);
void check_selectors(struct parse *ps);
void parse_ospf(struct parse *ps);

// Gives every object its id. False, with no_memory set, when that failed.
bool assign_ids(struct parse *ps, struct ids *ids);
