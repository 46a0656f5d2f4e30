// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// Walking IPv4 options within their bounds (RFC 791 3.1).
#pragma once

#include <errno.h>
#include <stdint.h>

#define IP4_OPTION_END	       0
#define IP4_OPTION_NOP	       1
#define IP4_OPTION_LSRR	       131
#define IP4_OPTION_SSRR	       137
#define IP4_OPTION_COPIED_FLAG 0x80 // goes into every fragment

// Length in bytes of the option at `opt`, of which `left` (at least 1) bytes are in the header; or
// -EINVAL when it does not fit. IP4_OPTION_END counts as one byte.
static inline int ip4_option_length(const uint8_t *opt, unsigned int left)
{
	if (opt[0] == IP4_OPTION_END || opt[0] == IP4_OPTION_NOP)
		return 1;
	if (left < 2 || opt[1] < 2 || opt[1] > left)
		return -EINVAL;
	return opt[1];
}
