// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// The one place that adds and frees problems. Reentrant.
#include "control/config/problem.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void problem_addv(struct problems *p, const char *pointer, const char *format, va_list args)
{
	if (p->count == PROBLEM_MAX) {
		p->dropped++;
		return;
	}
	struct problem *problem = &p->list[p->count++];
	problem->pointer = strdup(pointer);
	if (vasprintf(&problem->text, format, args) < 0)
		problem->text = NULL;
}

void problem_add(struct problems *p, const char *pointer, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	problem_addv(p, pointer, format, args);
	va_end(args);
}

void problems_copy(struct problems *to, const struct problems *from)
{
	for (size_t i = 0; i < from->count; i++)
		problem_add(to, from->list[i].pointer != NULL ? from->list[i].pointer : "", "%s",
			from->list[i].text != NULL ? from->list[i].text : "");
	to->dropped += from->dropped;
}

void problems_clear(struct problems *p)
{
	for (size_t i = 0; i < p->count; i++) {
		free(p->list[i].pointer);
		free(p->list[i].text);
	}
	*p = (struct problems){ 0 };
}
