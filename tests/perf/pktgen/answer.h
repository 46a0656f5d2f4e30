// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// The other end of TCP connections: SYN is answered with SYN-ACK, FIN with FIN-ACK, in the packet's
// own buffer.
#pragma once

#include "tests/perf/pktgen/engine.h"

// True when the packet has become the answer, false when it needs none or too many wait.
bool answer_packet(struct port *p, struct flow_set *s, const struct seen *seen, struct rte_mbuf *m);
