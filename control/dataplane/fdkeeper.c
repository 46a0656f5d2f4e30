// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// A small unordered list: there are two descriptors per port at most.
#include "control/dataplane/fdkeeper.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static struct kept_fd *find(struct fdkeeper *k, const char *name)
{
	for (size_t i = 0; i < k->count; i++)
		if (strcmp(k->list[i].name, name) == 0)
			return &k->list[i];
	return NULL;
}

static void drop(struct fdkeeper *k, struct kept_fd *e)
{
	close(e->fd);
	*e = k->list[--k->count];
}

void fdkeeper_clear(struct fdkeeper *k)
{
	while (k->count > 0)
		drop(k, &k->list[k->count - 1]);
	free(k->list);
	*k = (struct fdkeeper){ 0 };
}

static int reserve(struct fdkeeper *k)
{
	size_t capacity = k->capacity ? k->capacity * 2 : 16;
	struct kept_fd *list;

	if (k->count < k->capacity)
		return 0;
	list = realloc(k->list, capacity * sizeof(*list));
	if (list == NULL)
		return -ENOMEM;
	k->list = list;
	k->capacity = capacity;
	return 0;
}

int fdkeeper_keep(struct fdkeeper *k, const char *name, int fd)
{
	struct kept_fd *e = find(k, name);

	if (e != NULL) {
		close(e->fd);
		e->fd = fd;
		e->confirmed = true;
		return 0;
	}
	if (reserve(k) < 0) {
		close(fd);
		return -ENOMEM;
	}
	e = &k->list[k->count++];
	snprintf(e->name, sizeof(e->name), "%s", name);
	e->fd = fd;
	e->confirmed = true;
	return 0;
}

void fdkeeper_forget(struct fdkeeper *k, const char *name)
{
	struct kept_fd *e = find(k, name);

	if (e != NULL)
		drop(k, e);
}

void fdkeeper_unconfirm(struct fdkeeper *k)
{
	for (size_t i = 0; i < k->count; i++)
		k->list[i].confirmed = false;
}

void fdkeeper_sweep(struct fdkeeper *k)
{
	for (size_t i = k->count; i > 0; i--)
		if (!k->list[i - 1].confirmed)
			drop(k, &k->list[i - 1]);
}
