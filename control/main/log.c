// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// Log lines: formatted into a buffer on the stack, made harmless, written at once, so that lines of
// different threads never mix.
#include "control/main/log.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static const struct {
	const char *name;
	int priority;
} levels[] = {
	{ "error", LOG_ERR },
	{ "warning", LOG_WARNING },
	{ "notice", LOG_NOTICE },
	{ "info", LOG_INFO },
	{ "debug", LOG_DEBUG },
};

// A line must stay one line: what a client sent must not forge another one.
static void replace_control_characters(char *text, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if ((unsigned char)text[i] < ' ' || text[i] == 0x7f)
			text[i] = '?';
}

void log_write(int priority, const char *format, ...)
{
	char line[LOG_LINE_MAX];
	int saved_errno = errno;
	va_list args;
	int prefix, len;

	if (!(setlogmask(0) & LOG_MASK(priority)))
		return;
	prefix = snprintf(line, sizeof(line), "<%d>", priority);
	va_start(args, format);
	len = vsnprintf(line + prefix, sizeof(line) - prefix - 1, format, args);
	va_end(args);
	if (len < 0)
		return;
	len += prefix;
	if (len > (int)sizeof(line) - 2)
		len = sizeof(line) - 2;
	replace_control_characters(line, len);
	line[len++] = '\n';
	// Nothing can be done about a log that cannot be written.
	if (write(STDERR_FILENO, line, len) < 0)
		errno = 0;
	errno = saved_errno;
}

int log_set_level(const char *level)
{
	for (size_t i = 0; i < sizeof(levels) / sizeof(levels[0]); i++) {
		if (strcmp(level, levels[i].name) == 0) {
			setlogmask(LOG_UPTO(levels[i].priority));
			return 0;
		}
	}
	return -EINVAL;
}
