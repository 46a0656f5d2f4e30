// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// Reference counting of configuration sets and their sections. Control thread only.
#include "dataplane/main/set.h"

#include <stdlib.h>

void section_unref(struct dataplane *dp, struct section *s)
{
	if (s != NULL && --s->refs == 0)
		section_ops[s->id]->destroy(dp, s);
}

struct set *set_copy(const struct set *old, uint64_t generation)
{
	struct set *s = calloc(1, sizeof(*s));

	if (s == NULL)
		return NULL;
	if (old != NULL)
		*s = *old;
	s->generation = generation;
	for (unsigned int i = 0; i < SECTION_COUNT; i++)
		if (s->section[i] != NULL)
			s->section[i]->refs++;
	return s;
}

void set_replace(struct dataplane *dp, struct set *s, struct section *section)
{
	section_unref(dp, s->section[section->id]);
	s->section[section->id] = section;
}

void set_free(struct dataplane *dp, struct set *s)
{
	if (s == NULL)
		return;
	for (unsigned int i = 0; i < SECTION_COUNT; i++)
		section_unref(dp, s->section[i]);
	free(s);
}
