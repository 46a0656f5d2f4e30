// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// Runs handlers as http.c would, one after another in one thread.
#include "tests/unit/api/fixture.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "control/config/store.h"
#include "control/kernel/route_read.h"

struct fake_dataplane *fake_dataplane(void)
{
	static struct fake_dataplane fake;

	return &fake;
}

bool client_connected(const struct client *c)
{
	return fake_dataplane()->connected;
}

const struct stats_shm *client_stats(const struct client *c)
{
	return fake_dataplane()->stats;
}

uint64_t client_boot_id(const struct client *c)
{
	return 0x1234;
}

int client_dump(
	struct client *c, enum dump_what what, void **records, size_t record_size, size_t *count)
{
	struct fake_dataplane *fake = fake_dataplane();
	size_t bytes = fake->counts[what] * record_size;

	*records = NULL;
	*count = 0;
	if (!fake->connected || fake->dump_error)
		return fake->connected ? fake->dump_error : -ENOTCONN;
	if (bytes == 0)
		return 0;
	*records = malloc(bytes);
	memcpy(*records, fake->records[what], bytes);
	*count = fake->counts[what];
	return 0;
}

// A page: `from` and `most` count records here.
int client_dump_page(struct client *c, enum dump_what what, uint32_t from, uint32_t most,
	size_t record_size, struct client_page *out)
{
	struct fake_dataplane *fake = fake_dataplane();
	size_t all = fake->counts[what];

	*out = (struct client_page){ 0 };
	if (!fake->connected || fake->dump_error)
		return fake->connected ? fake->dump_error : -ENOTCONN;
	out->total = (uint32_t)all;
	if (from >= all)
		return 0;
	out->count = most != 0 && most < all - from ? most : all - from;
	out->next = from + out->count < all ? from + (uint32_t)out->count : 0;
	out->records = malloc(out->count * record_size);
	memcpy(out->records, (const char *)fake->records[what] + from * record_size,
		out->count * record_size);
	return 0;
}

int client_sessions(struct client *c, const struct msg_sessions *ask, struct session_page *out)
{
	struct fake_dataplane *fake = fake_dataplane();
	size_t size =
		ask->op == SESSIONS_LIST ? sizeof(struct dump_session) : sizeof(struct dump_rule);

	*out = (struct session_page){ .next = fake->page.next, .total = fake->page.total };
	if (!fake->connected || fake->dump_error)
		return fake->connected ? fake->dump_error : -ENOTCONN;
	fake->asked = *ask;
	if (fake->page.count == 0)
		return 0;
	out->records = malloc(fake->page.count * size);
	memcpy(out->records, fake->page.records, fake->page.count * size);
	out->count = fake->page.count;
	return 0;
}

void kernel_counters(const struct kernel *k, struct kernel_counters *out)
{
	*out = (struct kernel_counters){ .repairs = 3, .routes_drift = 4 };
}

const char *kernel_netns(const struct kernel *k)
{
	return "";
}

int kernel_routes_read(const char *netns, struct route_reader *r)
{
	return -ENOSYS;
}

void routing_counters(const struct routing *r, struct routing_counters *out)
{
	*out = (struct routing_counters){ .repairs = 4, .restarts = 2 };
}

const struct vtysh *routing_vtysh(const struct routing *r)
{
	static const struct vtysh none = { "/nonexistent/vtysh", "/nonexistent", 1000 };

	return &none;
}

// The first port is an uplink that is down.
bool kernel_uplink(struct kernel *k, uint32_t port, struct kernel_uplink *out)
{
	*out = (struct kernel_uplink){ .down = "no answer",
		.in_use = true,
		.monitored = true,
		.since = 1700000000,
		.changes = 3,
		.probes_sent = 100,
		.probes_lost = 7 };
	return port == 1;
}

const char *kernel_uplink_down(const struct kernel *k, uint32_t port)
{
	return port == 1 ? "no answer" : NULL;
}

static int step(void *ctx, const struct config *from, const struct config *to, struct problems *p)
{
	return 0;
}

static void undo(void *ctx, const struct config *from, const struct config *to, bool applied)
{
}

static int compare(void *ctx, const struct config *now, bool repair)
{
	return 0;
}

static const char *degraded(void *ctx)
{
	return ((struct fixture *)ctx)->degraded;
}

int fixture_setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	strcpy(f->directory, "/tmp/vrouter-api-XXXXXX");
	if (!mkdtemp(f->directory) || store_open(f->directory, &f->store) < 0)
		return -1;
	f->subsystems[0] = (struct subsystem){ "fake", f, step, step, undo, compare, degraded };
	f->engine = engine_create(f->subsystems, 1, f->store);
	f->env = (struct api_env){
		.version = "1.2.3",
		.engine = f->engine,
		.store = f->store,
		.subsystems = f->subsystems,
		.n_subsystems = 1,
	};
	memset(fake_dataplane(), 0, sizeof(*fake_dataplane()));
	*state = f;
	return f->engine ? 0 : -1;
}

static void remove_directory(const char *path)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY);
	DIR *dir = fdopendir(fd);
	struct dirent *entry;

	while ((entry = readdir(dir)))
		unlinkat(fd, entry->d_name, 0);
	closedir(dir);
	rmdir(path);
}

static void forget_request(struct fixture *f)
{
	request_clear(&f->request);
	json_decref(f->reply);
	f->reply = NULL;
}

int fixture_teardown(void **state)
{
	struct fixture *f = *state;

	forget_request(f);
	engine_destroy(f->engine);
	store_close(f->store);
	remove_directory(f->directory);
	free(f);
	return 0;
}

// Cuts `query` at '&' and '=' into the request's arguments.
static void set_args(struct request *r, char *query)
{
	for (char *arg = query; arg;) {
		char *next = strchr(arg, '&');
		char *value = strchr(arg, '=');

		if (next)
			*next++ = '\0';
		if (value)
			*value++ = '\0';
		r->args[r->n_args++] = (struct request_arg){ arg, value ? value : "" };
		arg = next;
	}
}

int ask(struct fixture *f, const char *method, const char *path, const char *query,
	const char *if_match, const char *body)
{
	struct request *r = &f->request;
	char *args = query ? strdup(query) : NULL;

	forget_request(f);
	*r = (struct request){
		.env = &f->env,
		.method = method,
		.path = path,
		.if_match = if_match,
		.body = body ? strdup(body) : NULL,
		.body_len = body ? strlen(body) : 0,
	};
	set_args(r, args);
	if (api_route(r) == 0)
		r->match.route->handler(r);
	free(args);
	if (r->reply.body)
		f->reply = json_loadb(r->reply.body, r->reply.len, 0, NULL);
	return r->reply.status;
}

json_t *at(struct fixture *f, const char *pointer)
{
	json_t *value = f->reply;
	char key[64];

	while (value && *pointer == '/') {
		size_t len = strcspn(++pointer, "/");

		snprintf(key, sizeof(key), "%.*s", (int)len, pointer);
		value = json_is_array(value) ? json_array_get(value, strtoul(key, NULL, 10))
					     : json_object_get(value, key);
		pointer += len;
	}
	return value;
}

const char *text_at(struct fixture *f, const char *pointer)
{
	const char *text = json_string_value(at(f, pointer));

	return text ? text : "";
}

json_int_t number_at(struct fixture *f, const char *pointer)
{
	json_t *value = at(f, pointer);

	return json_is_integer(value) ? json_integer_value(value) : -1;
}

static const char site[] = "{ \"version\": 1, \"hostname\": \"r1\","
			   "  \"interfaces\": ["
			   "    { \"name\": \"pub0\", \"role\": \"public\","
			   "      \"port\": { \"driver\": \"tap\", \"address\": \"eth0@inet\" },"
			   "      \"addresses\": [\"203.0.113.1/24\"] },"
			   "    { \"name\": \"vpc1\", \"role\": \"private\","
			   "      \"port\": { \"driver\": \"tap\", \"address\": \"eth0@h1\" },"
			   "      \"addresses\": [\"192.168.10.1/24\"] } ],"
			   "  \"snat\": [ { \"name\": \"out\", \"source\": \"192.168.10.0/24\","
			   "    \"interface\": \"pub0\" } ],"
			   "  \"port_forwards\": [ { \"name\": \"ssh\", \"vip\": \"pub0\","
			   "    \"protocol\": \"tcp\", \"ports\": \"22\","
			   "    \"target\": \"192.168.10.2\" } ] }";

struct ids_of_site put_site(struct fixture *f)
{
	struct ids_of_site ids;
	struct config *now;

	if (ask(f, "PUT", "/v1/config", NULL, NULL, site) != 200)
		abort();
	now = engine_current(f->engine);
	ids = (struct ids_of_site){ now->interfaces[0].id, now->interfaces[1].id, now->snat[0].id,
		now->port_forwards[0].id };
	config_unref(now);
	return ids;
}

struct stats_shm *connect_dataplane(unsigned int workers)
{
	struct stats_shm *shm = aligned_alloc(64, sizeof(*shm));

	memset(shm, 0, sizeof(*shm));
	shm->magic = STATS_MAGIC;
	shm->workers = workers;
	shm->process.tsc_hz = 1000000;
	fake_dataplane()->stats = shm;
	fake_dataplane()->connected = true;
	return shm;
}

struct msg_addr address(const char *text)
{
	struct msg_addr a = { .family = AF_INET, .plen = 32 };

	inet_pton(AF_INET, text, a.bytes);
	return a;
}
