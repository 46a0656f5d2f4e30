// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// The configuration as structs: what config_parse() makes of one JSON document and validation has
// accepted. Immutable once built, reference counted, shared by threads. Addresses in network order.
#pragma once

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>

#include <jansson.h>

#include "dataplane/api/proto.h"

#define CONFIG_VERSION	1
#define CONFIG_NAME_MAX 64 // with the final NUL; interface names: 16

struct ipv4_prefix {
	struct in_addr addr; // as written, host bits kept
	uint8_t plen;
};

enum interface_role {
	INTERFACE_MANAGEMENT,
	INTERFACE_PRIVATE,
	INTERFACE_PUBLIC,
};

struct interface_address {
	uint32_t id; // obj_address id, 0 on a management interface
	struct ipv4_prefix prefix;
};

struct interface_config {
	char name[CONFIG_NAME_MAX];
	uint32_t id; // obj_port id, 0 for management
	enum interface_role role;
	bool has_mac;
	uint8_t mac[6];
	bool has_port;
	enum port_driver driver;
	char port_address[MSG_ADDRESS_MAX];
	uint16_t mtu;
	uint16_t queues;
	bool has_gateway;
	struct in_addr gateway;
	uint32_t gateway_priority;
	struct interface_address *addresses;
	unsigned int n_addresses;
};

struct vip_config {
	char name[CONFIG_NAME_MAX];
	uint32_t id; // obj_address id
	struct in_addr address;
	uint8_t plen;		// of the interface's subnet that holds it
	unsigned int interface; // index into interfaces
};

// An own address by reference: a VIP, or an interface address.
struct address_ref {
	uint32_t id; // obj_address id
	struct in_addr address;
	unsigned int interface; // index into interfaces
	int vip;		// index into vips, -1: interface address
};

struct snat_config {
	char name[CONFIG_NAME_MAX];
	uint32_t id;
	struct ipv4_prefix source;
	unsigned int interface; // index into interfaces
	struct address_ref *pool;
	unsigned int n_pool;
	enum nat_mapping mapping;
	enum nat_filtering filtering;
	uint16_t port_first, port_last;
	uint32_t max_sessions_per_host;	    // 0: half of the pool's ports
	uint32_t max_session_rate_per_host; // new sessions per second, 0: no limit
};

struct eip_config {
	char name[CONFIG_NAME_MAX];
	uint32_t id;
	unsigned int vip; // index into vips
	struct in_addr target;
	bool source_nat_inbound;
};

struct port_forward_config {
	char name[CONFIG_NAME_MAX];
	uint32_t id;
	struct address_ref address;
	uint8_t protocol; // IPPROTO_TCP or IPPROTO_UDP
	uint16_t first, last;
	uint16_t target_first;
	struct in_addr target;
	bool has_allowed;
	struct ipv4_prefix allowed;
};

struct route_config {
	char name[CONFIG_NAME_MAX];	// "192.168.101.0_24/10.108.10.20"
	struct ipv4_prefix destination; // host bits cleared
	enum route_type type;
	struct in_addr next_hop; // unicast only
	int interface;		 // index into interfaces, -1: not unicast
	uint32_t priority;
};

struct nat_log_config {
	enum log_kind kind;
	bool destinations; // log the host outside, too
	char file[MSG_ADDRESS_MAX];
};

// What holds for all NAT rules.
struct nat_config {
	struct nat_log_config log;
	uint32_t tcp_established_s; // idle seconds until a session ends, as the next ones
	uint32_t tcp_transitory_s;
	uint32_t udp_s;
	uint32_t icmp_s;
	uint32_t other_s;
};

struct config {
	int refs;
	uint64_t revision; // 0 before it is stored; also the data plane's generation
	json_t *document;  // canonical JSON of the whole document, secrets included
	char hostname[CONFIG_NAME_MAX];
	struct interface_config *interfaces;
	unsigned int n_interfaces;
	struct vip_config *vips;
	unsigned int n_vips;
	struct snat_config *snat;
	unsigned int n_snat;
	struct nat_config nat;
	struct eip_config *eips;
	unsigned int n_eips;
	struct port_forward_config *port_forwards;
	unsigned int n_port_forwards;
	struct route_config *routes;
	unsigned int n_routes;
};

struct config *config_ref(struct config *c);
void config_unref(struct config *c); // NULL is fine
