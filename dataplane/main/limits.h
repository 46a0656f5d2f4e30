// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// Every table size of the data plane, with what it costs. Sizes that depend on the appliance are
// options (see --help); these are the hard ones and the defaults. `vrctl limits` shows their use.
#pragma once

#define LIMIT_WORKERS	8     // forwarding threads
#define LIMIT_PORTS	64    // ports, 64 x 2 rings and 1 mirror each
#define LIMIT_RXQ	8     // receive queues per port
#define LIMIT_BURST	256   // packets per graph walk: rte_graph reallocates streams above it
#define LIMIT_RX_BURST	32    // packets per receive call
#define LIMIT_ADDRESSES 16384 // own addresses (interface addresses and VIPs), 16 B each
// Each rule has 16 B of counters in each worker, too: 337 KiB for a worker.
#define LIMIT_EIPS		 10240 // 32 B each, two entries
#define LIMIT_PORT_FORWARDS	 10240 // 36 B each, and 1 KiB per partly used block of 256 ports
#define LIMIT_SNAT_RULES	 1024  // 512 B each
#define LIMIT_SNAT_POOL		 64    // addresses per SNAT rule
#define LIMIT_NAT_ADDRESSES	 1024  // addresses with port state, 824 KiB each once used
#define LIMIT_HOST_BLOCKS	 16    // port blocks of a host, 64 B of each of DEFAULT_HOSTS
#define LIMIT_SERVICES		 4096  // local services, 16 B each
#define LIMIT_ADJACENCIES	 65536 // 64 B each: 4 MiB
#define LIMIT_NEIGHBOURS	 8192  // 96 B each, and a host route and an adjacency
#define LIMIT_UNRESOLVED	 1024  // neighbours among them that have not answered
#define LIMIT_CONNECTED		 4096 // connected prefixes and their broadcast addresses, 16 B each
#define LIMIT_ECMP		 8    // next hops of a route
#define LIMIT_ECMP_GROUPS	 1024 // different sets of several next hops, 704 B each
#define LIMIT_HELD		 256  // packets waiting for neighbours, per worker
#define LIMIT_HELD_PER_NEIGHBOUR 4
#define LIMIT_DATAGRAMS		 4096 // in fragments, per worker: 192 B each; half of private ports
#define LIMIT_FRAGMENTS		 512 // waiting for their first one, per worker; half of private ports
#define LIMIT_DATAGRAM_HELD	 64	// waiting ones of one datagram
#define LIMIT_DATAGRAM_PIECES	 32	// of a datagram with gaps between them
#define LIMIT_RING		 1024	// packets in a punt or mirror ring
#define LIMIT_EVENTS		 131072 // of a NAT log's ring, 8 MiB; one for each worker and one
#define LIMIT_ALARM_PERCENT	 80	// of a table in use: it is shown as an alarm

#define DEFAULT_ROUTES	 16384 // from control; 68 MiB per FIB with DEFAULT_TBL8, two of them
#define DEFAULT_TBL8	 4096
#define DEFAULT_SESSIONS (1u << 20)
#define DEFAULT_HOSTS	 65536
#define DEFAULT_MBUFS	 32768 // 2.4 KiB each: 78 MiB
