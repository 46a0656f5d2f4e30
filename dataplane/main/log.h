// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// Log lines on stderr with a syslog priority prefix, as the journal takes them. Never from workers.
#pragma once

#include <stdio.h>

#define log_line(priority, format, ...)                                                            \
	fprintf(stderr, "<" #priority ">vrouter-dataplane: " format "\n", ##__VA_ARGS__)
#define log_error(...)	 log_line(3, __VA_ARGS__)
#define log_warning(...) log_line(4, __VA_ARGS__)
#define log_info(...)	 log_line(6, __VA_ARGS__)
