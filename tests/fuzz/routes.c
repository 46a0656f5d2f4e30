// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// libFuzzer target: rtnetlink routes, netdevs and addresses into control's route monitor
// (control/kernel/route_sync.c), and what it then tells the data plane.
#include <stdlib.h>
#include <string.h>

#include <arpa/inet.h>
#include <fcntl.h>

#include "control/kernel/route_sync.h"
#include "tests/fuzz/netlink.h"

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int own_netns; // LLVMFuzzerTestOneInput() has no argument for it

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	own_netns = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	return 0;
}

int jobs_watch(struct jobs *q, struct watch *w)
{
	return 0;
}

void jobs_unwatch(struct jobs *q, struct watch *w)
{
}

bool client_connected(const struct client *c)
{
	return true;
}

uint64_t client_boot_id(const struct client *c)
{
	return 1;
}

uint64_t client_generation(const struct client *c)
{
	return 1;
}

// The data plane: what it is told must be well-formed.
int client_routes(
	struct client *c, uint32_t flags, const void *entries, size_t bytes, uint32_t count)
{
	const uint8_t *at = entries;

	for (uint32_t i = 0; i < count; i++) {
		struct msg_route r;
		size_t size;

		if (bytes < sizeof(r))
			abort();
		memcpy(&r, at, sizeof(r));
		size = sizeof(r) + r.n_hops * sizeof(struct msg_hop);
		if (bytes < size || r.n_hops > MSG_ROUTE_HOPS || r.prefix.family != AF_INET ||
			r.prefix.plen > 32)
			abort();
		at += size;
		bytes -= size;
	}
	if (bytes != 0)
		abort();
	return 0;
}

// What a data plane may have that is not the one that was told.
int client_dump_page(struct client *c, enum dump_what what, uint32_t from, uint32_t most,
	size_t record_size, struct client_page *out)
{
	*out = (struct client_page){ 0 };
	return 0;
}

static const char *const mirrors[] = { "pub0", "vpc1" };

static void know_mirrors(struct links *l)
{
	l->mirrors = calloc(2, sizeof(*l->mirrors));
	if (l->mirrors == NULL)
		abort();
	for (uint32_t i = 0; i < 2; i++) {
		strcpy(l->mirrors[i].name, mirrors[i]);
		l->mirrors[i].port = i + 1;
	}
	l->n_mirrors = 2;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct links links = { 0 };
	const struct route_sync_conf conf = { .links = &links };
	struct route_sync *s = route_sync_create(&conf);

	know_mirrors(&links);
	fuzz_netlink_input(data, size);
	if (s == NULL || route_sync_open(s, own_netns) < 0)
		abort();
	while (fuzz_netlink_more())
		(void)route_sync_pump(s);
	(void)route_sync_pump(s);
	(void)route_sync_audit(s);
	fuzz_netlink_input(NULL, 0);
	route_sync_destroy(s);
	links_clear(&links);
	return 0;
}
