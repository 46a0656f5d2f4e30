// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// The packet buffers of all ports.
#pragma once

#include <stdbool.h>

#include <rte_mempool.h>

// `n` buffers of the default size with room for struct meta; NULL on memory failure.
struct rte_mempool *port_pool_create(const char *name, unsigned int n, unsigned int cache);

// Whether the buffers lie side by side in one piece of memory, as AF_XDP needs them.
bool port_pool_is_dense(const struct rte_mempool *pool);
