// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// Where the two routers may differ: each rule is one deliberate difference, a row of docs/nat.md
// "Differences from the Linux kernel". A rule that is never needed is an error of a long run.
#pragma once

// X(symbol, text)
#define RULES(X)                                                                                   \
	X(RULE_ERROR_SOURCE, "an ICMP error comes from the arrival interface's address")           \
	X(RULE_REFUSED, "a private host is told that its flow was refused")                        \
	X(RULE_UNTRACKED, "what needs no session is forwarded or rejected without one")            \
	X(RULE_EIP_STATELESS, "an EIP translates without a session")                               \
	X(RULE_TCP_INVALID, "TCP flags that conntrack finds invalid are translated")               \
	X(RULE_APART, "the state of such a connection differs from then on")                       \
	X(RULE_PICKED_UP, "without SYN, the transitory timer runs until both answered")            \
	X(RULE_RST, "a RST deletes nothing")                                                       \
	X(RULE_TCP_TIMER, "timer of a connection after FIN or flags out of order")                 \
	X(RULE_LOST, "a packet that is not forwarded changes nothing")                             \
	X(RULE_CLASH, "a source port is not moved to tell answers apart")                          \
	X(RULE_LOW_PORT, "a port below 1024 is not kept")                                          \
	X(RULE_HAIRPIN, "private hosts reach each other by their external ports")                  \
	X(RULE_KERNEL_REUSES, "the port of another connection of the endpoint is not reused")

enum rule {
#define X(symbol, text) symbol,
	RULES(X)
#undef X
		RULE_COUNT,
};
