// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// Rounds: read what epoll says is readable, write what the workers' rings hold, sleep when several
// rounds moved nothing. Orders of the control thread come by a mailbox, are taken between two
// rounds and acknowledged.
#include "dataplane/punt/thread.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include <rte_errno.h>
#include <rte_lcore.h>

#include "dataplane/punt/channel.h"
#include "dataplane/punt/flow.h"
#include "dataplane/stats/shm.h"

#define EVENTS	    64
#define IDLE_ROUNDS 32	    // without a packet before the thread sleeps: the workers' turn
#define SLEEP_MIN   100000  // ns; a packet of a worker waits that long
#define SLEEP_MAX   1000000 // ns, reached when nothing moves

enum order_kind {
	ORDER_NONE,
	ORDER_ATTACH,
	ORDER_DETACH,
	ORDER_STOP,
};

struct punt {
	// Punt thread.
	int epoll;
	TAILQ_HEAD(, channel) channels;
	struct process_stats *stats;
	unsigned int idle; // rounds without a packet
	long sleep;	   // ns, of the next sleep
	bool stop;

	// The mailbox. `started` is 1 before the thread said how its start went.
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t done;
	int wake; // eventfd
	int started;
	enum order_kind order;
	struct channel *channel;
	int result;
};

// One writer: a relaxed store is enough for readers to never see half a number.
static void count(uint64_t *counter, uint64_t n)
{
	if (n > 0)
		__atomic_store_n(counter, *counter + n, __ATOMIC_RELAXED);
}

// Spreads frames over the receive queues, in order within each. Returns how many did not fit.
static unsigned int deliver(struct channel *c, struct rte_mbuf **pkts, uint16_t n)
{
	struct rte_mbuf *to[LIMIT_WORKERS][LIMIT_RX_BURST];
	uint16_t len[LIMIT_WORKERS] = { 0 };
	unsigned int lost = 0;

	for (uint16_t i = 0; i < n; i++) {
		unsigned int q = c->n_in > 1 ? flow_hash(pkts[i]) % c->n_in : 0;

		to[q][len[q]++] = pkts[i];
	}
	for (unsigned int q = 0; q < c->n_in; q++) {
		unsigned int done =
			rte_ring_sp_enqueue_burst(c->in[q], (void *const *)to[q], len[q], NULL);

		rte_pktmbuf_free_bulk(&to[q][done], len[q] - done);
		lost += len[q] - done;
	}
	return lost;
}

// Returns the number of frames that were read.
static unsigned int from_kernel(struct punt *p, struct channel *c)
{
	struct rte_mbuf *pkts[LIMIT_RX_BURST];
	uint64_t drops = 0;
	uint16_t n = tap_read(&c->tap, pkts, LIMIT_RX_BURST, &drops);

	uint64_t total = n + drops;

	drops += deliver(c, pkts, n);
	count(&p->stats->mirror_rx, total);
	count(&p->stats->mirror_rx_drops, drops);
	return (unsigned int)total;
}

static unsigned int to_kernel(struct punt *p, struct channel *c)
{
	struct rte_mbuf *pkts[LIMIT_RX_BURST];
	unsigned int sent = 0, drops = 0;

	for (unsigned int w = 0; w < LIMIT_WORKERS && c->out[w] != NULL; w++) {
		unsigned int n =
			rte_ring_sc_dequeue_burst(c->out[w], (void **)pkts, LIMIT_RX_BURST, NULL);

		for (unsigned int i = 0; i < n; i++)
			drops += tap_write(&c->tap, pkts[i]) < 0;
		rte_pktmbuf_free_bulk(pkts, n);
		sent += n;
	}
	count(&p->stats->mirror_tx, sent - drops);
	count(&p->stats->mirror_tx_drops, drops);
	return sent;
}

static int attach(struct punt *p, struct channel *c)
{
	struct epoll_event event = { .events = EPOLLIN, .data.ptr = c };

	if (epoll_ctl(p->epoll, EPOLL_CTL_ADD, c->tap.fd, &event) < 0)
		return -errno;
	TAILQ_INSERT_TAIL(&p->channels, c, next);
	return 0;
}

static void detach(struct punt *p, struct channel *c)
{
	// The descriptor may have copies elsewhere, so that closing it would not do. Fails when the
	// TAP was taken out already because its netdev was deleted.
	epoll_ctl(p->epoll, EPOLL_CTL_DEL, c->tap.fd, NULL);
	TAILQ_REMOVE(&p->channels, c, next);
}

static void take_order(struct punt *p)
{
	uint64_t wakes;

	pthread_mutex_lock(&p->lock);
	if (read(p->wake, &wakes, sizeof(wakes)) < 0)
		wakes = 0; // an order that was taken already
	p->result = 0;
	if (p->order == ORDER_ATTACH)
		p->result = attach(p, p->channel);
	else if (p->order == ORDER_DETACH)
		detach(p, p->channel);
	else if (p->order == ORDER_STOP)
		p->stop = true;
	p->order = ORDER_NONE;
	pthread_cond_signal(&p->done);
	pthread_mutex_unlock(&p->lock);
}

// Sleeps until a TAP is readable or an order came, or until it is time to look at the rings.
static void rest(struct punt *p)
{
	struct timespec wait = { .tv_nsec = p->sleep };
	struct pollfd pfd = { .fd = p->epoll, .events = POLLIN };

	if (ppoll(&pfd, 1, &wait, NULL) == 0)
		p->sleep = RTE_MIN(2 * p->sleep, SLEEP_MAX);
}

static void serve_round(struct punt *p)
{
	struct epoll_event events[EVENTS];
	int n = epoll_wait(p->epoll, events, EVENTS, 0);
	unsigned int moved = 0;
	struct channel *c;
	bool order = false;

	for (int i = 0; i < n; i++) {
		c = events[i].data.ptr;
		if (c == NULL)
			order = true;
		else if (events[i].events & EPOLLIN)
			moved += from_kernel(p, c);
		else // the netdev was deleted: this event would never end
			epoll_ctl(p->epoll, EPOLL_CTL_DEL, c->tap.fd, NULL);
	}
	for (c = TAILQ_FIRST(&p->channels); c != NULL; c = TAILQ_NEXT(c, next))
		moved += to_kernel(p, c);
	// After them, so that no event of this round is about a channel that is no more.
	if (order)
		take_order(p);
	if (moved > 0) {
		p->idle = 0;
		p->sleep = SLEEP_MIN;
	} else if (++p->idle >= IDLE_ROUNDS) {
		rest(p);
	}
}

static void *punt_main(void *arg)
{
	struct punt *p = arg;
	int started = rte_thread_register() < 0 ? -rte_errno : 0;

	pthread_mutex_lock(&p->lock);
	p->started = started;
	pthread_cond_signal(&p->done);
	pthread_mutex_unlock(&p->lock);
	while (started == 0 && !p->stop)
		serve_round(p);
	if (started == 0)
		rte_thread_unregister();
	return NULL;
}

// Gives an order and waits until the thread has done it.
static int order(struct punt *p, enum order_kind kind, struct channel *c)
{
	uint64_t one = 1;
	int ret;

	pthread_mutex_lock(&p->lock);
	p->order = kind;
	p->channel = c;
	if (write(p->wake, &one, sizeof(one)) < 0) {
		ret = -errno;
		p->order = ORDER_NONE;
	} else {
		while (p->order != ORDER_NONE)
			pthread_cond_wait(&p->done, &p->lock);
		ret = p->result;
	}
	pthread_mutex_unlock(&p->lock);
	return ret;
}

int punt_attach(struct punt *p, struct channel *c)
{
	int ret;

	if (p == NULL)
		return 0;
	ret = order(p, ORDER_ATTACH, c);
	c->attached = ret == 0;
	return ret;
}

void punt_detach(struct punt *p, struct channel *c)
{
	if (c->attached)
		order(p, ORDER_DETACH, c);
	c->attached = false;
}

static void punt_free(struct punt *p)
{
	if (p->wake >= 0)
		close(p->wake);
	if (p->epoll >= 0)
		close(p->epoll);
	pthread_cond_destroy(&p->done);
	pthread_mutex_destroy(&p->lock);
	free(p);
}

// Starts the thread and waits for its word.
static int start(struct punt *p)
{
	int ret = rte_ctrl_thread_create(&p->thread, "vr-punt", NULL, punt_main, p);

	if (ret < 0)
		return ret;
	pthread_mutex_lock(&p->lock);
	while (p->started > 0)
		pthread_cond_wait(&p->done, &p->lock);
	pthread_mutex_unlock(&p->lock);
	if (p->started < 0)
		pthread_join(p->thread, NULL);
	return p->started;
}

int punt_create(struct process_stats *stats, struct punt **out)
{
	struct epoll_event event = { .events = EPOLLIN };
	struct punt *p = calloc(1, sizeof(*p));
	int ret;

	if (p == NULL)
		return -ENOMEM;
	p->stats = stats;
	p->started = 1;
	p->sleep = SLEEP_MIN;
	TAILQ_INIT(&p->channels);
	pthread_mutex_init(&p->lock, NULL);
	pthread_cond_init(&p->done, NULL);
	p->epoll = epoll_create1(EPOLL_CLOEXEC);
	p->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (p->epoll < 0 || p->wake < 0 || epoll_ctl(p->epoll, EPOLL_CTL_ADD, p->wake, &event) < 0)
		ret = -errno;
	else
		ret = start(p);
	if (ret < 0) {
		punt_free(p);
		return ret;
	}
	*out = p;
	return 0;
}

void punt_destroy(struct punt *p)
{
	if (p == NULL)
		return;
	order(p, ORDER_STOP, NULL);
	pthread_join(p->thread, NULL);
	punt_free(p);
}
