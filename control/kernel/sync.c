// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// What the kernel has and what it answered, for addresses and routes alike.
#include "control/kernel/sync.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define DUMP_TRIES 10 // of a dump that a change interrupted
#define LIST_START 64 // elements, grows by doubling

void *sync_list_append(struct sync_list *l)
{
	if (l->count == l->capacity) {
		size_t capacity = l->capacity ? l->capacity * 2 : LIST_START;
		void *data = realloc(l->data, capacity * l->element);

		if (data == NULL) {
			l->failed = -ENOMEM;
			return NULL;
		}
		l->data = data;
		l->capacity = capacity;
	}
	return memset((char *)l->data + l->count++ * l->element, 0, l->element);
}

int sync_list_read(struct sync_list *l, struct netlink *nl, struct nlmsghdr *request,
	void (*each)(void *ctx, const struct nlmsghdr *h), void *ctx)
{
	int rc = -EINTR;

	for (int tries = 0; tries < DUMP_TRIES && rc == -EINTR; tries++) {
		l->count = 0;
		rc = netlink_dump(nl, request, each, ctx);
	}
	if (rc == 0)
		rc = l->failed;
	if (l->count > 0)
		qsort(l->data, l->count, l->element, l->compare);
	return rc;
}

void *sync_list_find(const struct sync_list *l, const void *key)
{
	char *x = l->count == 0 ? NULL : bsearch(key, l->data, l->count, l->element, l->compare);

	while (x != NULL && x > (char *)l->data && l->compare(x - l->element, key) == 0)
		x -= l->element;
	return x;
}

void sync_answer(struct sync *s, const struct wanted_place *place, int error, const char *text)
{
	char pointer[WANTED_POINTER_MAX] = "";

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
	if (place != NULL)
		wanted_pointer(place, pointer);
	problem_add(s->problems, pointer, "the kernel refused: %s%s%s", strerror(-error),
		text[0] ? ": " : "", text);
	if (s->problems->status == 0)
		s->problems->status = 500;
}
