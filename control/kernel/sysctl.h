// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// Kernel settings of the mirrors' namespace: a host that owns addresses, and forwards nothing.
#pragma once

// Writes them all and brings the loopback up. 0 or negative errno, logged.
int sysctl_apply(int netns_fd);
