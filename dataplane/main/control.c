// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// The control thread's loop.
#include "dataplane/main/control.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <time.h>

#include "dataplane/api/server.h"
#include "dataplane/fib/l3.h"
#include "dataplane/fib/neigh_netlink.h"
#include "dataplane/main/dataplane.h"
#include "dataplane/main/fill.h"
#include "dataplane/main/log.h"
#include "dataplane/main/worker.h"
#include "dataplane/punt/netns.h"

#define ROUND_IDLE_MS 2 // a packet that waits for a neighbour waits that long for the question
#define TICK_MS	      100
#define LINK_MS	      10 // a lost link is to be known at once: routing waits for it
#define LOSSES_MS     1000
#define WANTED_BURST  64

static uint64_t now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000ull + ts.tv_nsec / 1000000;
}

static int open_netlink(void *arg)
{
	struct dataplane *dp = arg;

	return neigh_netlink_open(dp->l3->neigh, 0, &dp->neigh_netlink);
}

int control_open(struct dataplane *dp)
{
	const struct options *o = &dp->options;
	int rc = netns_run(o->netns, open_netlink, dp);

	if (rc < 0) {
		log_error("cannot use network namespace %s: %s%s%s", o->netns, strerror(-rc),
			rc == -ENOENT ? "; create it: ip netns add " : "",
			rc == -ENOENT ? o->netns : "");
		return rc;
	}
	rc = server_create(dp, o->socket, &dp->server);
	if (rc < 0)
		log_error("cannot listen on %s: %s", o->socket,
			rc == -EADDRINUSE ? "another data plane is running there" : strerror(-rc));
	return rc;
}

void control_close(struct dataplane *dp)
{
	server_destroy(dp->server);
	dp->server = NULL;
	if (dp->neigh_netlink != NULL)
		neigh_netlink_close(dp->neigh_netlink);
	dp->neigh_netlink = NULL;
}

// Neighbours that workers have packets for.
static bool serve_wanted(struct dataplane *dp, uint64_t now)
{
	bool more = false;

	for (unsigned int i = 0; i < dp->n_workers; i++) {
		void *wanted[WANTED_BURST];
		unsigned int n = rte_ring_sc_dequeue_burst(
			dp->workers[i]->wanted, wanted, WANTED_BURST, NULL);

		for (unsigned int k = 0; k < n; k++)
			neigh_glean(dp->l3->neigh, (uint64_t)wanted[k] >> 32,
				(uint32_t)(uint64_t)wanted[k], now);
		more |= n == WANTED_BURST;
	}
	return more;
}

static void update_links(struct dataplane *dp)
{
	for (unsigned int id = 1; id < LIMIT_PORTS; id++) {
		struct port *p = dataplane_port(dp, id);

		if (p == NULL)
			continue;
		if (port_link_update(p)) {
			dp->new_links |= (uint64_t)p->link_up << id;
			if (dp->server != NULL)
				server_event_link(dp->server, id, p->link_up);
		} else if ((dp->new_links & 1ull << id) != 0) {
			// The kernel has had the time to make the mirror ready to send.
			dp->new_links &= ~(1ull << id);
			neigh_port_up(dp->l3->neigh, (uint16_t)id);
		}
	}
}

static void update_stats(struct dataplane *dp)
{
	struct process_stats *s = &dp->stats->process;
	struct fib_usage fib;

	fib_usage(dp->l3->fib, &fib);
	__atomic_store_n(&s->routes, fib.routes, __ATOMIC_RELAXED);
	__atomic_store_n(&s->routes_pending, fib.backlog, __ATOMIC_RELAXED);
	__atomic_store_n(&s->neighbours, neigh_count(dp->l3->neigh), __ATOMIC_RELAXED);
	fill_update(dp);
}

bool control_round(struct dataplane *dp, uint64_t now)
{
	bool more = serve_wanted(dp, now);

	if (dp->server != NULL)
		server_run(dp->server);
	if (dp->neigh_netlink != NULL)
		more |= neigh_netlink_read(dp->neigh_netlink) > 0;
	more |= l3_poll(dp->l3);
	if (now - dp->last_links >= LINK_MS) {
		dp->last_links = now;
		update_links(dp);
	}
	if (now - dp->last_tick >= TICK_MS) {
		dp->last_tick = now;
		l3_tick(dp->l3, now);
		update_stats(dp);
	}
	if (now - dp->last_losses >= LOSSES_MS) {
		dp->last_losses = now;
		fill_losses(dp);
	}
	dataplane_collect(dp);
	return more || dp->garbage != NULL || (dp->server != NULL && server_busy(dp->server));
}

void control_loop(struct dataplane *dp)
{
	while (!atomic_load_explicit(&dp->stop, memory_order_relaxed)) {
		struct pollfd fds[3];
		bool more = control_round(dp, now_ms());
		unsigned int n = server_pollfds(dp->server, fds);

		fds[n++] = (struct pollfd){ .fd = neigh_netlink_fd(dp->neigh_netlink),
			.events = POLLIN };
		poll(fds, n, more ? 0 : ROUND_IDLE_MS);
	}
}
