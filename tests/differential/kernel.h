// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// The side of the differential test that is trusted: the Linux kernel with nftables, in a network
// namespace of this process, a TAP per network. The namespace ends with the process.
#pragma once

#include "tests/differential/differential.h"

// Makes the namespace (this process enters it for good) and configures it by site.ip and site.nft.
// 0 or negative errno, with a message on standard error.
int kernel_side(struct side *side);
