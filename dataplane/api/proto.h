// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// The transaction socket between control (client) and the data plane (server): SOCK_SEQPACKET on a
// unix path, one message per packet, at most MSG_MAX bytes, fixed-width fields in host order,
// addresses in network order. Both sides compile this header; the handshake compares its hash.
//
// Conversation:
//   client HELLO -> server WELCOME (+ counters memfd) -> [client FD ...] -> client requests.
//   Every request gets exactly one reply with the request's `seq`: RESULT, DUMP_REPLY or
//   SESSIONS_REPLY (+ memfd).
//   Server FD messages (a new TAP to keep, or one to forget) and EVENT messages have seq 0 and may
//   come at any time after WELCOME.
// One client at a time; a second one is told -EBUSY in its WELCOME and closed. A transaction ends
// with COMMIT, ABORT or the death of its client.
#pragma once

#include <assert.h>
#include <stdint.h>

#define MSG_MAX		 65536
#define MSG_NAME_MAX	 16  // interface names, with the final NUL
#define MSG_ADDRESS_MAX	 108 // port addresses (a socket path), with the final NUL
#define MSG_TEXT_MAX	 96
#define MSG_ROUTE_HOPS	 8
#define MSG_SNAT_POOL	 64
#define MSG_ERRORS_MAX	 64 // errors in one RESULT; `truncated` tells of more
#define MSG_SCHEMA_BYTES 32

// An address with its prefix length; family AF_UNSPEC (0) means absent.
struct msg_addr {
	uint8_t family; // AF_INET (later AF_INET6)
	uint8_t plen;
	uint8_t pad[2];
	uint8_t bytes[16]; // network order, IPv4 in the first 4
};
static_assert(sizeof(struct msg_addr) == 20, "wire size");

enum msg_type {
	MSG_HELLO = 1,
	MSG_WELCOME,
	MSG_FD,
	MSG_BEGIN,
	MSG_OBJECTS,
	MSG_PREPARE,
	MSG_COMMIT,
	MSG_ABORT,
	MSG_RESULT,
	MSG_ROUTES,
	MSG_DUMP,
	MSG_DUMP_REPLY,
	MSG_SESSIONS,
	MSG_SESSIONS_REPLY,
	MSG_LOG,
	MSG_EVENT,
	MSG_TYPE_COUNT,
};

struct msg_header {
	uint32_t len;  // whole message, this header included
	uint16_t type; // enum msg_type
	uint16_t pad;
	uint32_t seq;
	int32_t status; // replies: 0 or negative errno
};

struct msg_hello {
	struct msg_header h;
	uint8_t schema[MSG_SCHEMA_BYTES];
	uint64_t boot_id;    // of the data plane that the client knows, 0 for none
	uint64_t generation; // last generation that the client saw committed
};

struct msg_welcome {
	struct msg_header h; // status: -EPROTO (other schema), -EBUSY (another client)
	uint8_t schema[MSG_SCHEMA_BYTES];
	uint64_t boot_id;    // random at each start of the data plane
	uint64_t generation; // last applied, 0: nothing applied since the start
	uint32_t workers;
	uint32_t stats_size; // bytes of the counters memfd that comes with this message
	char netns[64];	     // name of the namespace of the mirrors
};

// TAP descriptors, SCM_RIGHTS. Client to server, right after WELCOME and before any other request:
// a descriptor kept from a data plane that died. Server to client: keep this one (`keep` 1, with
// descriptor) or close it (`keep` 0, without).
struct msg_fd {
	struct msg_header h;
	char name[64]; // "mirror:pub0", "tap:eth0@host1"
	uint32_t keep;
};

enum obj_kind {
	OBJ_PORT = 1,
	OBJ_ADDRESS,
	OBJ_EIP,
	OBJ_PORT_FORWARD,
	OBJ_SNAT,
	OBJ_SERVICE,
	OBJ_NAT,
	OBJ_KIND_COUNT,
};

enum port_driver {
	PORT_TAP = 1,	 // address "netdev@namespace"
	PORT_VHOST_USER, // address: socket path, the data plane is the server
	PORT_MEMIF,	 // address: socket path, the data plane is the server
	PORT_PCI,	 // address: "0000:00:05.0"
	PORT_AF_XDP,	 // address: netdev
	PORT_AF_PACKET,	 // address: netdev
	PORT_DRIVER_COUNT,
};

enum port_role {
	ROLE_PRIVATE,
	ROLE_PUBLIC,
};

// Every object starts with its id: stable, allocated by control, unique within its kind, not 0.
struct obj_port {
	uint32_t id;	// 1..LIMIT_PORTS-1, used as index
	uint8_t driver; // enum port_driver
	uint8_t role;	// enum port_role
	uint16_t mtu;	// IP MTU, bytes
	uint16_t queues;
	uint8_t mac[6];
	char name[MSG_NAME_MAX]; // the mirror's netdev name in the namespace of the mirrors
	char address[MSG_ADDRESS_MAX];
	struct msg_addr gateway; // of an uplink: replies that must leave here go by it
};

enum address_flag {
	ADDRESS_INTERFACE = 1, // the interface's own; else a VIP
};

// An own address. Its prefix gives the connected route of the port (one for all addresses of the
// same prefix).
struct obj_address {
	uint32_t id; // 1..LIMIT_ADDRESSES-1
	uint32_t port;
	uint32_t flags; // enum address_flag
	struct msg_addr addr;
};

struct obj_eip {
	uint32_t id;
	uint32_t address; // obj_address id, takes it whole
	uint32_t source_nat_inbound;
	struct msg_addr target;
};

struct obj_port_forward {
	uint32_t id;
	uint32_t address; // obj_address id
	uint8_t proto;	  // IPPROTO_TCP or IPPROTO_UDP
	uint8_t pad;
	uint16_t first; // ports, host order, inclusive
	uint16_t last;
	uint16_t target_first; // of first; differs from it only when first == last
	struct msg_addr target;
	struct msg_addr allowed; // family 0: any
};

enum nat_mapping {
	NAT_MAP_ENDPOINT_INDEPENDENT,
	NAT_MAP_ENDPOINT_DEPENDENT,
};

enum nat_filtering {
	NAT_FILTER_ADDRESS_AND_PORT_DEPENDENT,
	NAT_FILTER_ADDRESS_DEPENDENT,
	NAT_FILTER_ENDPOINT_INDEPENDENT,
};

#define PORT_BLOCK_SIZE_MIN 64
#define PORT_BLOCK_SIZE_MAX 4096
#define PORT_BLOCKS_MAX	    16 // of a host
#define PORT_BLOCKS_DEFAULT 8

struct obj_snat {
	uint32_t id;
	uint32_t port; // egress obj_port id
	uint8_t mapping;
	uint8_t filtering;
	uint16_t port_first; // translated ports, host order, inclusive
	uint16_t port_last;
	uint16_t n_pool;
	uint32_t max_sessions_per_host;	    // per protocol, 0: half of the pool's ports
	uint32_t max_session_rate_per_host; // new sessions per second, 0: no limit
	uint16_t port_block_size;	    // a power of two, 0: no blocks
	uint16_t max_port_blocks_per_host;  // 0: 8, and at most half of those of an address
	struct msg_addr source;
	uint32_t pool[MSG_SNAT_POOL]; // obj_address ids
};

// What a punted packet is, for policing: each class has its own token bucket.
enum punt_class {
	PUNT_ARP,
	PUNT_ROUTING,
	PUNT_IKE,
	PUNT_SERVICE,
	PUNT_ICMP,
	PUNT_ANSWER, // to the kernel's own echo requests: uplinks are watched by them
	PUNT_REST,
	PUNT_CLASS_COUNT,
};

// Packets to an own address that the kernel of the namespace of the mirrors receives. Of protocols
// without ports, a service of an interface address receives 224.0.0.0/24 on its port, too.
struct obj_service {
	uint32_t id;
	uint32_t address; // obj_address id, 0: every interface address
	uint8_t proto;	  // 0: every protocol
	uint8_t punt_class;
	uint16_t first; // ports, host order; ICMP: first = last = type; ignored for other protocols
	uint16_t last;
};

// Idle seconds after which sessions end. What may be configured is at least what the RFCs demand.
#define NAT_TCP_ESTABLISHED_MIN 7440 // RFC 5382 REQ-5
#define NAT_TCP_TRANSITORY_MIN	240  // RFC 5382 REQ-5
#define NAT_UDP_MIN		120  // RFC 4787 REQ-5
#define NAT_ICMP_MIN		60   // RFC 5508 REQ-2
#define NAT_OTHER_MIN		60
#define NAT_TIMEOUT_MAX		604800 // one week
#define NAT_SETTINGS		1      // the id of the only object of its kind

// Settings of all NAT rules; the defaults hold while there is none.
struct obj_nat {
	uint32_t id; // NAT_SETTINGS
	uint32_t tcp_established_s;
	uint32_t tcp_transitory_s;
	uint32_t udp_s;
	uint32_t icmp_s;
	uint32_t other_s;
};

struct msg_begin {
	struct msg_header h;
	uint64_t base;	  // generation that the change is relative to; else RESULT -ESTALE
	uint32_t replace; // 1: the objects that follow are all there are; base is ignored
};

struct msg_objects {
	struct msg_header h;
	uint16_t kind; // enum obj_kind
	uint16_t del;  // 1: `count` ids (uint32_t) follow; 0: `count` objects follow
	uint32_t count;
};

// PREPARE and ABORT are a bare header.
struct msg_commit {
	struct msg_header h;
	uint64_t generation; // the new one, chosen by the client, above the current one
};

struct msg_error {
	uint32_t kind; // enum obj_kind, 0: the transaction
	uint32_t id;
	int32_t code; // negative errno
	char field[MSG_NAME_MAX];
	char text[MSG_TEXT_MAX];
};

struct msg_result {
	struct msg_header h;
	uint64_t generation; // now applied
	uint32_t truncated;  // errors that did not fit
	uint32_t count;
	struct msg_error errors[];
};

enum route_type {
	ROUTE_UNICAST,
	ROUTE_BLACKHOLE,
	ROUTE_UNREACHABLE,
	ROUTE_PROHIBIT,
};

enum routes_flag {
	ROUTES_MARK = 1,  // before this batch: mark all routes as stale
	ROUTES_SWEEP = 2, // after this batch: delete routes that are still stale
};

struct msg_routes {
	struct msg_header h;
	uint32_t flags;
	uint32_t count; // msg_route entries, each followed by its hops
};

struct msg_route {
	struct msg_addr prefix;
	uint8_t type; // enum route_type
	uint8_t del;
	uint8_t n_hops; // unicast: 1..MSG_ROUTE_HOPS
	uint8_t pad;
};

struct msg_hop {
	struct msg_addr gateway; // family 0: on-link
	uint32_t port;
	uint32_t weight;
};

enum dump_what {
	DUMP_ROUTES = 1,
	DUMP_NEIGHBOURS,
	DUMP_PORTS,
	DUMP_LIMITS,
	DUMP_DEVICES,
	DUMP_COUNT,
};

// Routes come by pages; one that is there all the time is in one of them.
struct msg_dump {
	struct msg_header h;
	uint32_t what;
	uint32_t from, most; // routes: 0 or `next` of the page before; prefixes, 0: all
	uint32_t pad;
};

// The records are in the memfd that comes with the reply (none when count is 0).
struct msg_dump_reply {
	struct msg_header h;
	uint32_t what;
	uint32_t record_size;
	uint64_t count;
	uint32_t next, total; // routes: the next page, 0: this is the last one; prefixes in all
};

// Sessions: listed by pages, counted by rule, or ended. The sweeper looks through the table in
// bounded steps and answers when it is through; meanwhile the client's other requests wait.
enum sessions_op {
	SESSIONS_LIST = 1, // records are struct dump_session
	SESSIONS_BY_RULE,  // records are struct dump_rule
	SESSIONS_END,	   // no records
	SESSIONS_OP_COUNT,
};

#define MSG_SESSIONS_MAX 10000 // records of one page
#define MSG_FILTER_RULES 3

enum session_match {
	MATCH_PROTO = 1u << 0,
	MATCH_STATE = 1u << 1,
	MATCH_UPLINK = 1u << 2,
	MATCH_AGE = 1u << 3,
	MATCH_RULE = 1u << 4,
	MATCH_SOURCE = 1u << 5,
	MATCH_DESTINATION = 1u << 6,
	MATCH_INSIDE = 1u << 7,
	MATCH_EXTERNAL = 1u << 8,
	MATCH_OUTSIDE = 1u << 9,
};

struct msg_endpoint {
	struct msg_addr addr; // a prefix; family 0: any address
	uint16_t first, last; // ports, host order, inclusive
};

struct msg_rule {
	uint32_t kind; // enum obj_kind
	uint32_t id;   // 0: every session that a rule of this kind owns
};

// What is in `set` must all be true of a session; an empty set is true of every one.
struct msg_session_filter {
	uint32_t set; // enum session_match
	uint8_t proto;
	uint8_t tcp_state; // enum tcp_state
	uint16_t uplink;   // port id
	uint32_t min_age_s, max_age_s;
	uint32_t n_rules; // any of them
	struct msg_rule rules[MSG_FILTER_RULES];
	struct msg_endpoint source, destination; // of the first packet, as it came in
	struct msg_endpoint inside;		 // a host that is translated from or to
	struct msg_endpoint external;		 // the router's address and port that stand for it
	struct msg_endpoint outside; // the host at the other end, which is not translated
};

struct msg_sessions {
	struct msg_header h;
	uint32_t op;	    // enum sessions_op
	uint32_t cursor;    // SESSIONS_LIST: `next` of the page before, 0: from the start
	uint32_t limit;	    // SESSIONS_LIST: records at most, 1..MSG_SESSIONS_MAX
	uint32_t count_all; // SESSIONS_LIST, 1: look on to the end of the table, for `total`
	struct msg_session_filter filter;
};

struct msg_sessions_reply {
	struct msg_header h;
	uint32_t op;
	uint32_t record_size;
	uint32_t count; // records in the memfd (none when 0)
	uint32_t next;	// cursor of the next page, 0: there is none
	uint64_t total; // sessions that fit, among those looked at; or that were ended
};

struct dump_session {
	struct msg_addr src, dst;		     // as the first packet came in
	struct msg_addr new_src, new_dst;	     // as it went out
	uint16_t sport, dport, new_sport, new_dport; // host order; ICMP: id in sport
	uint8_t proto;
	uint8_t side;	   // enum side of the first packet
	uint8_t tcp_state; // enum tcp_state
	uint8_t rule_kind; // enum obj_kind
	uint32_t rule;
	uint32_t snat_rule;	    // OBJ_SNAT id that translates the source, 0: none
	uint16_t uplink;	    // port id, 0: none
	uint8_t endpoint_dependent; // 1: its external port is shared by destination
	uint8_t degraded;	    // 1: so against its rule, because no port was free
	uint32_t age_s;
	uint32_t idle_s;
	uint32_t expires_s;
};

struct dump_rule {
	uint32_t kind; // enum obj_kind
	uint32_t id;
	uint64_t sessions;
};

enum log_kind {
	LOG_OFF,
	LOG_FILE,   // with a regular file, open for appending
	LOG_SYSLOG, // with a connected datagram socket
	LOG_KIND_COUNT,
};

// Where the NAT log goes from here on. With the descriptor; it is written to until the next such
// message, also without a client. Answered by RESULT.
struct msg_log {
	struct msg_header h;
	uint32_t kind;	       // enum log_kind
	uint32_t destinations; // 1: log the host outside, too
};

// A route with several next hops is as many records in a row, `hop` counting from 0.
struct dump_route {
	struct msg_addr prefix;
	struct msg_addr gateway;
	uint32_t port;
	uint32_t adj;
	uint32_t weight;  // share of the traffic, relative to the route's other hops
	uint8_t hop;	  // of `n_hops`
	uint8_t n_hops;	  // at least 1
	uint8_t unusable; // 1: takes no traffic, because its neighbour does not answer
	uint8_t hidden;	  // 1: a route that a better source of the same prefix hides
	char type[16];	  // "unicast", "connected", "local", "blackhole" ...
	char source[16];  // "address", "connected", "neighbour", "route"
};

struct dump_neighbour {
	struct msg_addr addr;
	uint32_t port;
	uint8_t mac[6];
	uint8_t valid;
	uint8_t pad;
	uint32_t held; // packets waiting
};

struct dump_port {
	uint32_t id;
	uint8_t driver;
	uint8_t role;
	uint8_t link_up;
	uint8_t queues;
	uint16_t mtu;
	uint8_t mac[6];
	char name[MSG_NAME_MAX];
	char address[MSG_ADDRESS_MAX];
	char rx_workers[32]; // worker of each receive queue, "0 1 0 1"
};

// A NIC on PCI that a port can be made of, or is.
struct dump_device {
	char address[16]; // "0000:00:05.0"
	char driver[16];  // of the kernel: "uio_pci_generic", "vfio-pci"
	uint8_t mac[6];	  // zero: it cannot be opened
	uint8_t in_use;	  // by a port
	uint8_t pad;
};

struct dump_limit {
	char name[32];
	uint64_t used;
	uint64_t max;
	uint64_t bytes; // memory of the table, 0: not known
};

enum event_what {
	EVENT_LINK = 1,
};

struct msg_event {
	struct msg_header h;
	uint32_t what;
	uint32_t port;
	uint32_t value; // EVENT_LINK: 1 up, 0 down
};
