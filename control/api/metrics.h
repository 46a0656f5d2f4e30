// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// Writing of metrics in the Prometheus text format 0.0.4.
#pragma once

#include <stdint.h>
#include <stdio.h>

#include "control/api/counters.h"
#include "control/api/names.h"

// The two comment lines of a metric; `type` is "counter", "gauge" or "histogram". Its samples
// follow.
void metric_head(FILE *out, const char *name, const char *type, const char *help);
// name{label="value"} number; `label` NULL: no label. Quotes in `value` are escaped.
void metric_sample(
	FILE *out, const char *name, const char *label, const char *value, uint64_t number);
// A metric with one sample and no label.
void metric_one(FILE *out, const char *name, const char *type, const char *help, uint64_t number);

// Everything that comes from the data plane's counters (metrics_dataplane.c).
void metrics_counters(FILE *out, const struct counters *c, const struct config *now);
