// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// A mempool driver under a mutex. ThreadSanitizer does not see inside DPDK's libraries; with this
// driver it sees that a buffer that one thread freed and another allocated changed hands in order.
#pragma once

// Makes it the driver of packet pools created from now on. 0 or negative errno.
int locked_pool_use(void);
