// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// Fragments as whole packets: the kernel reassembles what it tracks and cuts it anew, the data
// plane passes fragments on, so only the whole can be compared.
#pragma once

#include "tests/differential/differential.h"

// Replaces the fragments of each datagram by the datagram, where its first fragment was. NULL, or
// what is wrong: a piece is missing, overlaps, or is larger than the interface's MTU.
const char *reassemble(struct frames *frames);
