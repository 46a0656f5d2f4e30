// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// Keeps ospfd's configuration what it should be: reads it, enters the lines that differ, reads it
// again. An open connection to its vty socket, on which nothing is said, tells when it dies; once a
// second it is looked for, and configured as soon as it is back.
#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "control/config/engine.h"
#include "control/main/log.h"
#include "control/routing/absence.h"
#include "control/routing/render.h"
#include "control/routing/routing.h"

#define DEADLINE_MS 5000
#define ROUNDS	    2 // a line may change what FRR shows of another one

static const char no_ospfd[] = "ospfd cannot be reached";
static const char no_zebra[] = "zebra cannot be reached";
static const char differs[] = "FRR does not take all of the configuration";

// A connection to a daemon's vty socket, by which its end is noticed.
struct daemon {
	const char *socket; // name of the socket
	struct routing *routing;
	struct watch watch;	// fd -1: not there
	struct process process; // the one that was there last
};

struct routing {
	struct vtysh vtysh; // of the commit thread
	struct vtysh asked; // of others
	struct jobs *jobs;
	struct watch tick;
	struct daemon ospfd, zebra;
	struct absence absence;	 // of ospfd
	struct process told;	 // the zebra that ospfd has told all its routes
	struct frr_lines wanted; // of the configuration applied last
	unsigned int left;	 // lines that FRR has otherwise than wanted
	bool touched;		 // this commit reached FRR
	const char *_Atomic degraded;
	_Atomic uint64_t repairs, restarts;
};

static bool is_wanted(const struct routing *r)
{
	return r->wanted.router || r->wanted.count > 0;
}

static void judge(struct routing *r)
{
	const char *why = !is_wanted(r)		  ? NULL
			  : r->ospfd.watch.fd < 0 ? no_ospfd
			  : r->zebra.watch.fd < 0 ? no_zebra
			  : r->left > 0		  ? differs
						  : NULL;
	const char *before = atomic_exchange(&r->degraded, why);

	if (why != NULL && why != before)
		log_warning("frr: %s", why);
}

static void disconnect(struct daemon *d)
{
	if (d->watch.fd < 0)
		return;
	jobs_unwatch(d->routing->jobs, &d->watch);
	close(d->watch.fd);
	d->watch.fd = -1;
}

static int open_socket(const struct daemon *d)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	int fd, rc = 0;

	if (snprintf(a.sun_path, sizeof(a.sun_path), "%s/%s", d->routing->vtysh.socket_dir,
		    d->socket) >= (int)sizeof(a.sun_path))
		return -ENAMETOOLONG;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return -errno;
	if (connect(fd, (const struct sockaddr *)&a, sizeof(a)) < 0)
		rc = -errno;
	if (rc == 0)
		return fd;
	close(fd);
	return rc;
}

static int connect_daemon(struct daemon *d)
{
	int rc;

	if (d->watch.fd >= 0)
		return 0;
	rc = open_socket(d);
	if (rc < 0)
		return rc;
	d->watch.fd = rc;
	rc = jobs_watch(d->routing->jobs, &d->watch);
	if (rc == 0) {
		if (process_behind(d->watch.fd, &d->process) && d == &d->routing->ospfd)
			absence_seen(&d->routing->absence, &d->process);
		return 0;
	}
	close(d->watch.fd);
	d->watch.fd = -1;
	return rc;
}

static int read_running(const struct routing *r, struct frr_lines *out)
{
	static const char *const args[] = { "-d", "ospfd", "-c",
		"show running-config ospfd no-header", NULL };
	struct vtysh_result result;
	int rc = vtysh_run(&r->vtysh, args, NULL, &result);

	if (rc < 0)
		return rc;
	rc = result.status == 0 ? frr_lines_parse(result.output, out) : -ENOTCONN;
	free(result.output);
	return rc;
}

// The router id of a running OSPF changes when its process begins anew.
static void begin_anew(const struct routing *r)
{
	static const char *const args[] = { "-d", "ospfd", "-c", "clear ip ospf process", NULL };
	struct vtysh_result result;

	if (vtysh_run(&r->vtysh, args, NULL, &result) == 0)
		free(result.output);
}

// What FRR said first, unless it repeats a line with a key.
static void complaint(const char *output, char *out, size_t size)
{
	size_t len = strcspn(output, "\r\n");

	out[0] = '\0';
	if (len > 0 && memmem(output, len, "key", 3) == NULL)
		snprintf(out, size, ": %.*s", (int)(len < 160 ? len : 160), output);
}

static int enter(const struct routing *r, const struct frr_diff *d, char *said, size_t size)
{
	static const char *const args[] = { "-d", "ospfd", "-f", "/dev/stdin", NULL };
	struct vtysh_result result;
	int rc = vtysh_run(&r->vtysh, args, d->script, &result);

	if (rc < 0)
		return rc;
	complaint(result.output, said, size);
	free(result.output);
	if (d->router_id)
		begin_anew(r);
	return 0;
}

struct synced {
	unsigned int repaired; // lines that differed before
	unsigned int left;     // and now
	char missing[FRR_LINE_MAX];
	char said[FRR_LINE_MAX];
};

// Makes FRR's configuration `wanted`; with `rounds` 0, only compares. Negative errno: FRR did not
// answer. What it refuses is in out->left.
static int bring(
	const struct routing *r, const struct frr_lines *wanted, int rounds, struct synced *out)
{
	*out = (struct synced){ 0 };
	for (int round = 0;; round++) {
		struct frr_lines running;
		struct frr_diff d;
		int rc = read_running(r, &running);

		if (rc < 0)
			return rc;
		rc = frr_lines_diff(&running, wanted, &d);
		frr_lines_clear(&running);
		if (rc < 0)
			return rc;
		out->left = d.missing + d.extra;
		if (round == 0)
			out->repaired = out->left;
		if (d.first != NULL)
			frr_line_shown(d.first, out->missing, sizeof(out->missing));
		if (d.missing + d.extra > 0 && round < rounds)
			rc = enter(r, &d, out->said, sizeof(out->said));
		free(d.script);
		if (rc < 0 || out->left == 0 || round >= rounds)
			return rc;
	}
}

// Both daemons are looked for; 0 when ospfd can be configured.
static int find_daemons(struct routing *r)
{
	(void)connect_daemon(&r->zebra);
	return connect_daemon(&r->ospfd);
}

// Makes FRR what was applied last, and keeps what came of it. 0 or negative errno.
static int sync_wanted(struct routing *r, int rounds, struct synced *s)
{
	int rc = find_daemons(r);

	*s = (struct synced){ 0 };
	if (rc == 0) {
		rc = bring(r, &r->wanted, rounds, s);
		if (rc < 0)
			disconnect(&r->ospfd);
	}
	r->left = s->left;
	judge(r);
	return rc;
}

static void refuse(struct problems *p, const struct synced *s, int status)
{
	problem_add(p, "/ospf", "FRR does not take \"%s\"%s", s->missing[0] ? s->missing : "no ...",
		s->said);
	p->status = status;
}

// Every line is one that FRR knows. It is asked without its daemons: they may be away.
static int check_syntax(const struct routing *r, const struct frr_lines *l, struct problems *p)
{
	static const char *const args[] = { "-C", "-f", "/dev/stdin", NULL };
	struct synced s = { 0 };
	struct vtysh_result result;
	char *text = frr_lines_text(l);
	int rc = text != NULL ? vtysh_run(&r->vtysh, args, text, &result) : -ENOMEM;

	free(text);
	if (rc == -ENOENT || rc == -ETIMEDOUT)
		return 0; // apply() finds FRR unreachable
	if (rc < 0)
		return rc;
	if (result.status != 0) {
		complaint(result.output, s.said, sizeof(s.said));
		refuse(p, &s, 422);
		rc = -EINVAL;
	}
	free(result.output);
	return rc;
}

static int prepare(
	void *ctx, const struct config *from, const struct config *to, struct problems *p)
{
	struct routing *r = ctx;
	struct frr_lines wanted;
	int rc = ospf_render(to, &wanted);

	r->touched = false;
	if (rc == 0 && wanted.router && !frr_lines_equal(&wanted, &r->wanted))
		rc = check_syntax(r, &wanted, p);
	frr_lines_clear(&wanted);
	return rc;
}

static void adopt(struct routing *r, const struct config *c, struct frr_lines *wanted)
{
	absence_configure(&r->absence, &c->ospf);
	frr_lines_clear(&r->wanted);
	r->wanted = *wanted;
}

static int apply(void *ctx, const struct config *from, const struct config *to, struct problems *p)
{
	struct routing *r = ctx;
	struct frr_lines wanted;
	struct synced s = { 0 };
	int rc = ospf_render(to, &wanted);

	if (rc < 0)
		return rc;
	if (from != NULL && atomic_load(&r->degraded) == NULL &&
		frr_lines_equal(&wanted, &r->wanted)) {
		frr_lines_clear(&wanted);
		return 0;
	}
	rc = find_daemons(r);
	if (rc == 0) {
		r->touched = true;
		rc = bring(r, &wanted, ROUNDS, &s);
	}
	if (rc == 0 && s.left > 0) {
		refuse(p, &s, 500);
		frr_lines_clear(&wanted);
		return -EINVAL; // undo() restores
	}
	if (rc < 0)
		disconnect(&r->ospfd);
	adopt(r, to, &wanted);
	r->left = 0;
	judge(r);
	return 0;
}

static void undo(void *ctx, const struct config *from, const struct config *to, bool applied)
{
	struct routing *r = ctx;
	struct frr_lines wanted;
	struct synced s;

	if (!r->touched || from == NULL || ospf_render(from, &wanted) < 0)
		return;
	adopt(r, from, &wanted);
	(void)sync_wanted(r, ROUNDS, &s);
	r->touched = false;
}

static int compare(void *ctx, const struct config *now, bool repair)
{
	struct routing *r = ctx;
	struct frr_lines wanted;
	struct synced s;
	int rc = ospf_render(now, &wanted);

	if (rc < 0)
		return rc;
	adopt(r, now, &wanted);
	rc = sync_wanted(r, repair ? ROUNDS : 0, &s);
	if (rc < 0)
		return is_wanted(r) ? rc : 0; // nothing is missing
	if (repair && s.repaired > s.left) {
		atomic_fetch_add(&r->repairs, s.repaired - s.left);
		log_notice("frr: %u lines repaired", s.repaired - s.left);
	}
	return (int)s.repaired;
}

static const char *degraded(void *ctx)
{
	struct routing *r = ctx;

	return atomic_load(&r->degraded);
}

// ospfd tells a zebra that is younger than itself only what changes from then on, and zebra removes
// what it was not told some time after its start (-K). A new distance makes ospfd announce all of
// its routes anew; so does taking it back.
static void announce_anew(struct routing *r)
{
	static const char *const ask[] = { "-d", "zebra", "-c", "show zebra client summary", NULL };
	static const char *const enter_args[] = { "-d", "ospfd", "-f", "/dev/stdin", NULL };
	static const char script[] = FRR_ROUTER "\n distance 110\n no distance 110\nexit\n";
	struct vtysh_result result;
	unsigned int routes;
	const char *at;
	bool connected;

	if (r->zebra.process.started == r->told.started && r->zebra.process.pid == r->told.pid)
		return;
	if (r->zebra.process.started < r->ospfd.process.started) { // it told all when it came
		r->told = r->zebra.process;
		return;
	}
	if (vtysh_run(&r->vtysh, ask, NULL, &result) < 0)
		return;
	at = result.status == 0 ? strstr(result.output, "ospf ") : NULL;
	connected = at != NULL;
	// Control has just begun: a zebra that was told routes was so before.
	if (connected && r->told.pid == 0 && sscanf(at, "ospf %*s %*s %*s %u/", &routes) == 1 &&
		routes > 0)
		r->told = r->zebra.process;
	free(result.output);
	if (!connected || r->told.pid == r->zebra.process.pid)
		return; // not connected: once more at the next tick
	absence_force(&r->absence);
	if (vtysh_run(&r->vtysh, enter_args, script, &result) < 0)
		return;
	free(result.output);
	r->told = r->zebra.process;
	log_notice("frr: zebra is there again and is told all routes");
}

// Nothing is ever said on the connection: it has ended.
static void on_gone(void *ctx, uint32_t events)
{
	struct daemon *d = ctx;

	disconnect(d);
	judge(d->routing);
}

static void on_tick(void *ctx)
{
	struct routing *r = ctx;
	struct synced s;

	if (!is_wanted(r))
		return;
	if (r->ospfd.watch.fd >= 0) {
		if (r->zebra.watch.fd < 0 && connect_daemon(&r->zebra) == 0)
			judge(r);
		if (r->zebra.watch.fd >= 0)
			announce_anew(r);
		return;
	}
	if (sync_wanted(r, ROUNDS, &s) < 0)
		return;
	atomic_fetch_add(&r->restarts, 1);
	log_notice("frr: ospfd is there, %u lines entered", s.repaired - s.left);
}

static void daemon_init(struct routing *r, struct daemon *d, const char *socket_name)
{
	*d = (struct daemon){ .socket = socket_name, .routing = r };
	d->watch = (struct watch){ .fd = -1, .ready = on_gone, .ctx = d };
}

struct routing *routing_create(const char *vtysh, const char *socket_dir, struct jobs *jobs)
{
	struct routing *r = calloc(1, sizeof(*r));

	if (r == NULL)
		return NULL;
	r->vtysh = (struct vtysh){ vtysh, socket_dir, DEADLINE_MS, jobs };
	r->asked = (struct vtysh){ vtysh, socket_dir, DEADLINE_MS, NULL };
	r->jobs = jobs;
	daemon_init(r, &r->ospfd, "ospfd.vty");
	daemon_init(r, &r->zebra, "zebra.vty");
	r->tick = (struct watch){ .fd = -1, .tick = on_tick, .ctx = r };
	if (jobs_watch(jobs, &r->tick) == 0)
		return r;
	free(r);
	return NULL;
}

void routing_destroy(struct routing *r)
{
	if (r == NULL)
		return;
	jobs_unwatch(r->jobs, &r->tick);
	disconnect(&r->ospfd);
	disconnect(&r->zebra);
	frr_lines_clear(&r->wanted);
	free(r);
}

struct subsystem routing_subsystem(struct routing *r)
{
	return (struct subsystem){
		.name = "frr",
		.ctx = r,
		.prepare = prepare,
		.apply = apply,
		.undo = undo,
		.compare = compare,
		.degraded = degraded,
	};
}

void routing_counters(const struct routing *r, struct routing_counters *out)
{
	*out = (struct routing_counters){ .repairs = atomic_load(&r->repairs),
		.restarts = atomic_load(&r->restarts) };
}

uint64_t routing_absence(void *ctx)
{
	struct routing *r = ctx;

	return absence_now(&r->absence);
}

const struct vtysh *routing_vtysh(const struct routing *r)
{
	return &r->asked;
}
