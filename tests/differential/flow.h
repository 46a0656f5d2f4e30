// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// To which connection a step of the differential test belongs: its endpoints as the hosts inside
// know them, so that packets of both directions and packets to a public address are told together.
#pragma once

#include "tests/differential/differential.h"

struct flow {
	uint8_t proto;
	uint32_t ip[2]; // the lower endpoint first
	uint16_t port[2];
};

// Of a packet's tuple, destination as it arrived. ICMP queries: the id is sport.
struct flow flow_of(uint8_t proto, uint32_t src, uint16_t sport, uint32_t dst, uint16_t dport);

bool flow_same(const struct flow *a, const struct flow *b);
