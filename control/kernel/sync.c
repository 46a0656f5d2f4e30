// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// What the kernel answered, for addresses and routes alike.
#include "control/kernel/sync.h"

#include <errno.h>
#include <string.h>

void sync_answer(struct sync *s, const char *pointer, int error, const char *text)
{
	if (error == 0)
		return;
	if (error == -ENODEV || error == -ENETDOWN) {
		s->absent++; // the mirror vanished meanwhile, or is down
		return;
	}
	if (s->refused == 0)
		s->refused = error;
	if (s->problems == NULL)
		return;
	problem_add(s->problems, pointer, "the kernel refused: %s%s%s", strerror(-error),
		text[0] ? ": " : "", text);
	if (s->problems->status == 0)
		s->problems->status = 500;
}
