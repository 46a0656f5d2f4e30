// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// The query parameters that pick sessions.
#pragma once

#include "control/api/names.h"
#include "control/api/request.h"

// Their names, for the route table.
#define FILTER_ARGS                                                                                \
	"protocol source destination inside external outside rule rule_kind uplink state min_age " \
	"max_age"

// Reads them into the wire's filter. 0, or -EINVAL with the reply made.
int filter_parse(struct request *r, const struct names *names, struct msg_session_filter *f);
