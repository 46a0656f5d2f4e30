// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// The namespace, the remembering data plane and the watches of the kernel tests.
#include "tests/unit/kernel/world.h"

#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <search.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "control/config/parse.h"
#include "control/kernel/netlink.h"

struct world world;
static struct watch *watches[8];

int jobs_watch(struct jobs *q, struct watch *w)
{
	for (size_t i = 0; i < 8; i++) {
		if (watches[i] == NULL) {
			watches[i] = w;
			return 0;
		}
	}
	return -ENOSPC;
}

void jobs_unwatch(struct jobs *q, struct watch *w)
{
	for (size_t i = 0; i < 8; i++)
		if (watches[i] == w)
			watches[i] = NULL;
}

void world_tick(void)
{
	for (size_t i = 0; i < 8; i++)
		if (watches[i] != NULL && watches[i]->tick != NULL)
			watches[i]->tick(watches[i]->ctx);
}

int world_monitor_fd(void)
{
	for (size_t i = 0; i < 8; i++)
		if (watches[i] != NULL && watches[i]->fd >= 0)
			return watches[i]->fd;
	return -1;
}

// Netlink notifications are there when the change returns: nothing has to be waited for.
bool world_turn(void)
{
	bool any = false;

	for (size_t i = 0; i < 8; i++) {
		struct pollfd p = { .fd = watches[i] != NULL ? watches[i]->fd : -1,
			.events = POLLIN };

		if (p.fd < 0 || poll(&p, 1, 0) != 1)
			continue;
		watches[i]->ready(watches[i]->ctx, EPOLLIN);
		any = true;
	}
	return any;
}

void world_events(void)
{
	while (world_turn())
		;
}

static void reach(enum world_moment m)
{
	void (*call)(void) = world.moments[m].call;

	if (call == NULL || world.moments[m].after-- > 0)
		return;
	world.moments[m].call = NULL;
	call();
}

ssize_t __real_mnl_socket_recvfrom(const struct mnl_socket *s, void *buffer, size_t size);
ssize_t __wrap_mnl_socket_recvfrom(const struct mnl_socket *s, void *buffer, size_t size);
ssize_t __real_recvmsg(int fd, struct msghdr *m, int flags);
ssize_t __wrap_recvmsg(int fd, struct msghdr *m, int flags);

ssize_t __wrap_mnl_socket_recvfrom(const struct mnl_socket *s, void *buffer, size_t size)
{
	reach(WORLD_PART);
	return __real_mnl_socket_recvfrom(s, buffer, size);
}

ssize_t __wrap_recvmsg(int fd, struct msghdr *m, int flags)
{
	reach(WORLD_NEWS);
	return __real_recvmsg(fd, m, flags);
}

bool client_connected(const struct client *c)
{
	return !world.away;
}

uint64_t client_boot_id(const struct client *c)
{
	return world.away ? 0 : world.boot_id;
}

uint64_t client_generation(const struct client *c)
{
	return world.generation;
}

// Where a route was when it was told. Tests that change world.routes themselves have few.
struct place {
	char prefix[20];
	unsigned int at;
};

static void *places;

static int by_prefix(const void *a, const void *b)
{
	return strcmp(((const struct place *)a)->prefix, ((const struct place *)b)->prefix);
}

static void remember_place(unsigned int at)
{
	struct place *p = calloc(1, sizeof(*p)), **found;

	assert_non_null(p);
	memcpy(p->prefix, world.routes[at].prefix, sizeof(p->prefix));
	found = tsearch(p, &places, by_prefix);
	assert_non_null(found);
	if (*found != p)
		free(p);
	(*found)->at = at;
}

static struct world_route *find(const char *prefix)
{
	struct place key = { "", 0 }, **p;

	snprintf(key.prefix, sizeof(key.prefix), "%s", prefix);
	p = tfind(&key, &places, by_prefix);
	if (p != NULL && (*p)->at < world.n_routes &&
		strcmp(world.routes[(*p)->at].prefix, prefix) == 0)
		return &world.routes[(*p)->at];
	for (unsigned int i = 0; i < world.n_routes && world.n_routes < 1000; i++)
		if (strcmp(world.routes[i].prefix, prefix) == 0)
			return &world.routes[i];
	return NULL;
}

static void remove_route(struct world_route *r)
{
	*r = world.routes[--world.n_routes];
	if (r < &world.routes[world.n_routes])
		remember_place((unsigned int)(r - world.routes));
}

const struct world_route *world_route(const char *prefix)
{
	return find(prefix);
}

int world_gateway(const char *prefix)
{
	const struct world_route *r = world_route(prefix);

	return r != NULL && r->route.n_hops > 0 ? r->hops[0].gateway.bytes[3] : -1;
}

// Returns whether there was room.
static bool take(const struct msg_route *r, const struct msg_hop *hops)
{
	char address[16], prefix[20];
	struct world_route *to;

	inet_ntop(AF_INET, r->prefix.bytes, address, sizeof(address));
	snprintf(prefix, sizeof(prefix), "%s/%u", address, r->prefix.plen);
	to = find(prefix);
	if (r->del) {
		// One that was refused, or that another data plane may have had.
		assert_true(to != NULL || world.room > 0 || world.marked);
		if (to != NULL)
			remove_route(to);
		return true;
	}
	if (to == NULL && world.room > 0 && world.n_routes >= world.room)
		return false;
	if (to == NULL)
		to = &world.routes[world.n_routes++];
	assert_true(world.n_routes <= WORLD_ROUTES);
	memset(to, 0, sizeof(*to));
	snprintf(to->prefix, sizeof(to->prefix), "%s", prefix);
	remember_place((unsigned int)(to - world.routes));
	to->route = *r;
	memcpy(to->hops, hops, r->n_hops * sizeof(*hops));
	return true;
}

int client_routes(
	struct client *c, uint32_t flags, const void *entries, size_t bytes, uint32_t count)
{
	const uint8_t *at = entries, *end = at + bytes;
	int rc = 0;

	if (world.away)
		return -ENOTCONN;
	world.messages++;
	world.entries += count;
	assert_true(bytes <= MSG_MAX - sizeof(struct msg_routes));
	if (world.refuse < 0)
		return world.refuse;
	if ((flags & ROUTES_MARK) != 0) {
		world.marks++;
		world.marked = true;
		for (unsigned int i = 0; i < world.n_routes; i++)
			world.routes[i].stale = true;
	}
	for (; count > 0; count--) {
		const struct msg_route *r = (const void *)at;

		at += sizeof(*r) + r->n_hops * sizeof(struct msg_hop);
		assert_true(at <= end);
		if (!take(r, (const void *)(r + 1)))
			rc = -ENOSPC;
	}
	assert_ptr_equal(at, end);
	if ((flags & ROUTES_SWEEP) != 0) {
		world.sweeps++;
		world.marked = false;
		for (unsigned int i = world.n_routes; i > 0; i--)
			if (world.routes[i - 1].stale)
				remove_route(&world.routes[i - 1]);
	}
	return rc;
}

// As the data plane keeps them: hops in an order of its own.
static size_t dump_route(const struct world_route *w, struct dump_route *to)
{
	static const char *const types[] = { [ROUTE_UNICAST] = "unicast",
		[ROUTE_BLACKHOLE] = "blackhole",
		[ROUTE_UNREACHABLE] = "unreachable",
		[ROUTE_PROHIBIT] = "prohibit" };
	unsigned int n = w->route.n_hops;

	for (unsigned int i = 0; i < n || i == 0; i++) {
		to[i] = (struct dump_route){ .prefix = w->route.prefix,
			.hop = (uint8_t)i,
			.n_hops = (uint8_t)n,
			.source = "route" };
		snprintf(to[i].type, sizeof(to[i].type), "%s", types[w->route.type]);
		if (n == 0)
			continue;
		to[i].gateway = w->hops[n - 1 - i].gateway;
		to[i].port = w->hops[n - 1 - i].port;
		to[i].weight = n > 1 ? w->hops[n - 1 - i].weight : 1;
	}
	return n > 0 ? n : 1;
}

int client_dump_page(struct client *c, enum dump_what what, uint32_t from, uint32_t most,
	size_t record_size, struct client_page *out)
{
	struct dump_route *page = calloc(most + 1, MSG_ROUTE_HOPS * sizeof(*page));
	uint32_t at;

	assert_int_equal(what, DUMP_ROUTES);
	assert_int_equal(record_size, sizeof(*page));
	assert_non_null(page);
	reach(WORLD_PAGE);
	*out = (struct client_page){ 0 };
	if (world.away) {
		free(page);
		return -ENOTCONN;
	}
	out->records = page;
	// From the end: the last one takes the place of one that is removed, and was there already.
	at = from == 0 || from > world.n_routes ? world.n_routes : from;
	for (; at > 0 && most > 0; at--, most--)
		out->count += dump_route(&world.routes[at - 1], &page[out->count]);
	out->next = at;
	return 0;
}

const char *world_shell(const char *format, ...)
{
	static char output[1 << 20], command[1024], line[2048];
	size_t len = 0, n;
	va_list ap;
	FILE *f;

	va_start(ap, format);
	vsnprintf(command, sizeof(command), format, ap);
	va_end(ap);
	snprintf(line, sizeof(line), "ip netns exec %s %s 2>&1", world.netns, command);
	f = popen(line, "r");
	assert_non_null(f);
	while ((n = fread(output + len, 1, sizeof(output) - 1 - len, f)) > 0)
		len += n;
	output[len] = '\0';
	if (pclose(f) != 0)
		fail_msg("%s: %s", command, output);
	return output;
}

const char *world_many_prefix(unsigned int i)
{
	static char prefix[24];

	snprintf(prefix, sizeof(prefix), "10.%u.%u.0/24", 100 + i / 250, i % 250);
	return prefix;
}

void world_many(
	const char *what, unsigned int first, unsigned int n, unsigned int step, unsigned int via)
{
	char path[] = "/tmp/vrouter-kernel-test.XXXXXX";
	int fd = mkstemp(path);
	FILE *f = fdopen(fd, "w");

	assert_non_null(f);
	for (unsigned int i = first; i < n; i += step)
		fprintf(f, "route %s %s via 10.1.0.%u proto static\n", what, world_many_prefix(i),
			via != 0 ? via : 2 + i % 250);
	fclose(f);
	world_shell("ip -batch %s", path);
	unlink(path);
}

bool world_has(const char *command, const char *text)
{
	const char *output = world_shell("%s", command);

	if (strstr(output, text) != NULL)
		return true;
	print_message("%s: no \"%s\" in\n%s", command, text, output);
	return false;
}

void world_carrier(const char *name, bool up)
{
	struct timespec begin, now;

	world_shell("ip link set p-%s %s", name, up ? "up" : "down");
	clock_gettime(CLOCK_MONOTONIC, &begin);
	while ((strstr(world_shell("ip link show %s", name), "state UP") != NULL) != up) {
		clock_gettime(CLOCK_MONOTONIC, &now);
		assert_true(now.tv_sec - begin.tv_sec < 10);
	}
}

void world_mirror(const char *name)
{
	world_shell("ip link add %s type veth peer name p-%s", name, name);
	world_shell("ip link set p-%s up", name);
	world_shell("ip link set %s up", name);
}

struct config *world_config_text(const char *text)
{
	struct problems p = { 0 };
	json_t *document = config_load_text(text, strlen(text), &p);
	struct config *c;

	assert_non_null(document);
	c = config_parse(document, world.ids, &p);
	for (size_t i = 0; i < p.count; i++)
		print_message("%s: %s\n", p.list[i].pointer, p.list[i].text);
	assert_non_null(c);
	json_decref(document);
	return c;
}

struct config *world_config(const char *more)
{
	static char text[8 << 20];

	snprintf(text, sizeof(text),
		"{\"version\": 1, \"hostname\": \"r\", \"interfaces\": ["
		"{\"name\": \"mgmt0\", \"role\": \"management\", \"mac\": \"02:00:00:00:00:01\","
		" \"addresses\": [\"192.168.29.31/24\"]},"
		"{\"name\": \"pub0\", \"role\": \"public\", \"addresses\": [\"203.0.113.10/24\"],"
		" \"gateway\": \"203.0.113.1\", \"gateway_priority\": 1,"
		" \"port\": {\"driver\": \"tap\", \"address\": \"eth0@a\"}},"
		"{\"name\": \"pub1\", \"role\": \"public\", \"addresses\": [\"198.51.100.10/24\"],"
		" \"gateway\": \"198.51.100.1\", \"gateway_priority\": 2,"
		" \"port\": {\"driver\": \"tap\", \"address\": \"eth0@b\"}},"
		"{\"name\": \"vpc1\", \"role\": \"private\", \"addresses\": [\"10.1.0.1/16\"],"
		" \"port\": {\"driver\": \"tap\", \"address\": \"eth0@c\"}}"
		"]%s}",
		more);
	return world_config_text(text);
}

int world_commit(const struct config *from, const struct config *to)
{
	int rc = 0;

	problems_clear(&world.problems);
	for (size_t i = 0; rc == 0 && i < 3; i++)
		rc = world.list[i].prepare(world.list[i].ctx, from, to, &world.problems);
	if (rc < 0)
		return rc;
	for (size_t i = 0; i < 3; i++) {
		rc = world.list[i].apply(world.list[i].ctx, from, to, &world.problems);
		if (rc == 0)
			continue;
		for (size_t k = 3; k > 0; k--)
			world.list[k - 1].undo(world.list[k - 1].ctx, from, to, k - 1 < i);
		return rc;
	}
	return 0;
}

int world_setup(void **state)
{
	char command[64];

	memset(&world, 0, sizeof(world));
	world.boot_id = 1;
	world.generation = 1;
	world.ids = ids_create();
	snprintf(world.netns, sizeof(world.netns), "kernel-test-%d", (int)getpid());
	snprintf(command, sizeof(command), "ip netns add %s", world.netns);
	if (system(command) != 0)
		return -1;
	world.kernel = kernel_create(world.netns, NULL, NULL);
	if (world.kernel == NULL || world.ids == NULL)
		return -1;
	world.list[0] = kernel_add_subsystem(world.kernel);
	world.list[1] = kernel_garp_subsystem(world.kernel);
	world.list[2] = kernel_remove_subsystem(world.kernel);
	world_mirror("pub0");
	world_mirror("pub1");
	world_mirror("vpc1");
	return 0;
}

int world_teardown(void **state)
{
	char command[64];

	kernel_destroy(world.kernel);
	tdestroy(places, free);
	places = NULL;
	ids_destroy(world.ids);
	problems_clear(&world.problems);
	snprintf(command, sizeof(command), "ip netns del %s", world.netns);
	return system(command);
}
