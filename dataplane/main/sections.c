// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// The one list of features with tables in the configuration set.
#include "dataplane/ip4/local.h"
#include "dataplane/main/set.h"
#include "dataplane/nat/rules.h"

const struct section_ops *const section_ops[SECTION_COUNT] = {
	[SECTION_LOCAL] = &local_section_ops,
	[SECTION_NAT] = &nat_section_ops,
};
