// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// What the FIB tests share: the EAL, a QSBR variable, addresses, and polling with a deadline.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <rte_byteorder.h>
#include <rte_ether.h>
#include <rte_rcu_qsbr.h>

#include "dataplane/fib/l3.h"

#define IP(a, b, c, d) ((uint32_t)(a) << 24 | (b) << 16 | (c) << 8 | (d)) // host order
#define BE(a, b, c, d) rte_cpu_to_be_32(IP(a, b, c, d))

int env_eal(void); // 0 or -1
struct rte_rcu_qsbr *env_qsbr(void);

uint64_t env_ms(void); // monotonic clock

// Polls until nothing is left to do; no worker may be registered. Fails the test after 10 s.
void env_settle(struct fib *f);
void env_settle_l3(struct l3 *l3);

// An l3 with ports 1 (10.0.0.0/24, MAC 02:..:01) and 2 (10.0.1.0/24, MAC 02:..:02), MTU 1500.
struct l3 *env_l3(struct rte_rcu_qsbr *q, const struct l3_conf *conf);
// Adjacency that a worker finds, after everything has settled.
struct adj *env_lookup(struct l3 *l3, uint32_t dst);

extern const struct rte_ether_addr mac_a, mac_b; // of hosts
