// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// libFuzzer target: rtnetlink neighbour messages, and answers to requests, into the data plane's
// neighbour table (dataplane/fib/neigh_netlink.c).
#include <stdlib.h>

#include "dataplane/fib/neigh.h"
#include "dataplane/fib/neigh_netlink.h"
#include "tests/fuzz/netlink.h"
#include "tests/unit/fib/env.h"

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct l3 *l3; // LLVMFuzzerTestOneInput() has no argument for it
static uint64_t now_ms;

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	const struct l3_conf conf = { .max_routes = 256, .tbl8 = 16 };

	if (env_eal() < 0)
		exit(1);
	l3 = env_l3(env_qsbr(), &conf);
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct neigh_netlink *nl;
	uint32_t adj;

	fuzz_netlink_input(NULL, 0);
	if (neigh_netlink_open(l3->neigh, 0, &nl) < 0)
		abort();
	neigh_netlink_port_add(nl, 1, 1);
	neigh_netlink_port_add(nl, 2, 2);
	fuzz_netlink_input(data, size);
	if (neigh_gateway_get(l3->neigh, 1, BE(10, 0, 0, 9), &adj) < 0)
		abort();
	while (fuzz_netlink_more()) {
		neigh_netlink_read(nl);
		neigh_glean(l3->neigh, 1, BE(10, 0, 0, 5), now_ms);
		l3_tick(l3, now_ms += 500);
		env_settle_l3(l3);
	}
	fuzz_netlink_input(NULL, 0);
	neigh_gateway_put(l3->neigh, 1, BE(10, 0, 0, 9));
	neigh_port_clear(l3->neigh, 1);
	neigh_port_clear(l3->neigh, 2);
	env_settle_l3(l3);
	if (neigh_count(l3->neigh) != 0)
		abort();
	neigh_netlink_close(nl);
	return 0;
}
