// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// Starting DPDK's environment from our options. Raw EAL arguments are not offered: memory, cores
// and address mode are all there is to decide.
#pragma once

struct options;

// 0 or negative errno, with an error printed that says what to do.
int eal_start(const struct options *o);
