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

#include "control/config/problem.h"
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

#define MONITOR_TARGETS_MAX 8

// Probes of an uplink; none without targets.
struct monitor_config {
	struct in_addr targets[MONITOR_TARGETS_MAX];
	unsigned int n_targets;
	uint32_t interval_ms;
	uint32_t failures;  // rounds without an answer until the uplink is down
	uint32_t successes; // rounds with one until it is up again
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
	struct monitor_config monitor;
	uint32_t speed_mbps; // what routing protocols take for the link's speed
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
	uint32_t port_block_size;	    // 0: ports are given one by one
	uint32_t max_port_blocks_per_host;  // 0: see obj_snat
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

#define CONFIG_IPSEC_MAX    256 // connections
#define CONFIG_SELECTORS    16	// subnets of one side of a connection
#define CONFIG_SECRET_MAX   256 // with the final NUL
#define CONFIG_IDENTITY_MAX 128 // with the final NUL

enum ipsec_encryption {
	ENCRYPTION_3DES,
	ENCRYPTION_AES128,
	ENCRYPTION_AES192,
	ENCRYPTION_AES256,
	ENCRYPTION_AES128_GCM, // from here on with integrity of their own
	ENCRYPTION_AES256_GCM,
	ENCRYPTION_CHACHA20_POLY1305,
	ENCRYPTION_COUNT,
};

enum ipsec_integrity {
	INTEGRITY_MD5,
	INTEGRITY_SHA1,
	INTEGRITY_SHA256,
	INTEGRITY_SHA384,
	INTEGRITY_SHA512,
	INTEGRITY_COUNT,
};

// IKE: integrity also names the PRF, that of an AEAD cipher included.
struct ipsec_proposal {
	enum ipsec_encryption encryption;
	enum ipsec_integrity integrity;
	uint32_t dh_group; // number of the group (RFC 3526, 5903 ...); ESP: 0 is no PFS
	uint32_t lifetime_s;
};

struct ipsec_config {
	char name[CONFIG_NAME_MAX];
	struct address_ref local;
	struct in_addr peer;
	struct ipv4_prefix local_subnets[CONFIG_SELECTORS]; // host bits cleared
	struct ipv4_prefix remote_subnets[CONFIG_SELECTORS];
	unsigned int n_local, n_remote;
	char psk[CONFIG_SECRET_MAX];
	char local_id[CONFIG_IDENTITY_MAX];  // "": the local address
	char remote_id[CONFIG_IDENTITY_MAX]; // "": the peer's address
	uint32_t ike_version;		     // 1 or 2
	struct ipsec_proposal ike, esp;
	uint32_t dpd_s;
	bool start; // by itself, not only when the peer does
};

#define CONFIG_BALANCERS_MAX 1024
#define CONFIG_LISTENERS_MAX 64	 // of one load balancer
#define CONFIG_TARGETS_MAX   256 // of one listener
#define CONFIG_URI_MAX	     256 // with the final NUL

#define CONFIG_CERTIFICATE_MAX 65536 // bytes of PEM

enum listener_protocol {
	LISTENER_TCP,
	LISTENER_HTTP,
	LISTENER_HTTPS,
	LISTENER_UDP,
};

enum lb_algorithm {
	LB_ROUND_ROBIN,
	LB_WEIGHTED_ROUND_ROBIN,
	LB_LEAST_CONNECTIONS,
	LB_SOURCE_HASH,
};

enum check_protocol {
	CHECK_TCP,
	CHECK_HTTP,
	CHECK_UDP,
};

struct lb_target {
	struct in_addr address;
	uint32_t weight;
};

struct health_check_config {
	enum check_protocol protocol;
	uint16_t port; // 0: the target's
	uint32_t interval_s;
	uint32_t healthy_threshold, unhealthy_threshold;
	bool get;		  // http: GET, else HEAD
	char uri[CONFIG_URI_MAX]; // http
	unsigned int expect;	  // http: bit n is status nxx
};

struct listener_config {
	char name[CONFIG_NAME_MAX];
	enum listener_protocol protocol;
	uint16_t port, target_port;
	enum lb_algorithm algorithm;
	struct lb_target *targets;
	unsigned int n_targets;
	struct health_check_config check;
	uint32_t idle_timeout_s;
	uint32_t max_connections;
	const char *certificate; // https: PEM, in the document
	bool has_allowed;
	struct ipv4_prefix allowed;
};

struct load_balancer_config {
	char name[CONFIG_NAME_MAX];
	struct address_ref address;
	struct listener_config *listeners;
	unsigned int n_listeners;
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

enum ospf_authentication_type {
	OSPF_AUTHENTICATION_NONE,
	OSPF_AUTHENTICATION_PLAINTEXT,
	OSPF_AUTHENTICATION_MD5,
};

#define OSPF_PLAINTEXT_KEY_MAX 8  // RFC 2328 D.2
#define OSPF_MD5_KEY_MAX       16 // RFC 2328 D.3

struct ospf_authentication {
	enum ospf_authentication_type type;
	uint8_t key_id; // MD5 only
	char key[OSPF_MD5_KEY_MAX + 1];
};

struct ospf_interface_config {
	unsigned int interface; // index into interfaces
	uint16_t cost;		// reference bandwidth over speed, when the document does not say
	uint16_t hello_interval_s;
	uint16_t dead_interval_s;
	bool point_to_point; // else broadcast
	bool passive;	     // advertised, no neighbours
	struct ospf_authentication authentication;
};

enum ospf_area_type {
	OSPF_AREA_STANDARD,
	OSPF_AREA_STUB,
	OSPF_AREA_NSSA,
};

struct ospf_area_config {
	struct in_addr id;
	enum ospf_area_type type;
	struct ospf_interface_config *interfaces;
	unsigned int n_interfaces;
};

enum ospf_redistribute {
	OSPF_REDISTRIBUTE_STATIC = 1, // the routes of the document
	OSPF_REDISTRIBUTE_CONNECTED = 2,
	OSPF_REDISTRIBUTE_DEFAULT = 4, // 0.0.0.0/0, while there is one
};

struct ospf_config {
	struct in_addr router_id;
	bool fast_convergence;
	uint32_t redistribute;		   // enum ospf_redistribute
	uint16_t graceful_restart_s;	   // 0: off
	uint32_t reference_bandwidth_mbps; // of cost 1
	struct ospf_area_config *areas;
	unsigned int n_areas; // 0: no OSPF
};

struct config {
	int refs;
	uint64_t revision;	  // 0 before it is stored; also the data plane's generation
	json_t *document;	  // canonical JSON of the whole document, secrets included
	struct problems warnings; // what is accepted all the same
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
	struct ipsec_config *ipsec;
	unsigned int n_ipsec;
	struct load_balancer_config *load_balancers;
	unsigned int n_load_balancers;
	struct ospf_config ospf;
};

struct config *config_ref(struct config *c);
void config_unref(struct config *c); // NULL is fine
