// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// Log lines to stderr with the journal's priority prefix (sd-daemon(3)); any thread. The level is
// libc's log mask (setlogmask(3)). Text from the network is escaped; secrets are never logged.
#pragma once

#include <syslog.h>

#define log_error(...)	 log_write(LOG_ERR, __VA_ARGS__)
#define log_warning(...) log_write(LOG_WARNING, __VA_ARGS__)
#define log_notice(...)	 log_write(LOG_NOTICE, __VA_ARGS__)
#define log_info(...)	 log_write(LOG_INFO, __VA_ARGS__)
#define log_debug(...)	 log_write(LOG_DEBUG, __VA_ARGS__)

// One line, written by one write(2); longer than LOG_LINE_MAX bytes is cut.
#define LOG_LINE_MAX 1024
void log_write(int priority, const char *format, ...) __attribute__((format(printf, 2, 3)));

// "error", "warning", "notice", "info", "debug": lines less important than that are not written.
// 0, or -EINVAL for another word.
int log_set_level(const char *level);
