// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// The writer's side of the left-right FIB: capacity accounting, the queue of operations, and the
// state machine that brings them to one table, then to the other.
#include "dataplane/fib/fib.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rte_common.h>
#include <rte_log.h>

#include "dataplane/fib/key_table.h"
#include "dataplane/main/grace.h"
#include "dataplane/main/limits.h"

#define STEP_BUDGET 4096 // units of work of one fib_poll(); an operation costs at least 1
#define QUEUE_START 1024 // operations, grows by doubling
#define AHEAD	    16	 // operations whose first entry is being loaded

static_assert(FIB_INDICES <= 1u << DIR24_VALUE_BITS, "entry encoding");

struct fib_op {
	uint32_t prefix;
	uint32_t value; // the adjacency; of a deletion the entry of what then covers the prefix
	uint8_t plen;
	bool del;
};

// IDLE -> APPLY (to the idle side) -> GRACE (after the flip) -> REPLAY (on the other) -> IDLE
enum fib_phase {
	PHASE_IDLE,
	PHASE_APPLY,
	PHASE_GRACE,
	PHASE_REPLAY,
};

struct fib_writer {
	struct rte_rcu_qsbr *qsbr;
	struct fib_side side[2];
	unsigned int idle; // the side that no worker reads (but in GRACE: stragglers)
	enum fib_phase phase;

	// What the table will hold once the queue is empty.
	struct key_table routes; // key: prefix and length
	uint32_t *adj;		 // by slot of `routes`
	struct key_table nets;	 // key: a /24 with longer prefixes in it
	uint32_t *longer;	 // how many of them, by slot of `nets`
	uint32_t by_length[33];	 // entries of `routes`

	// Operations are numbered from 0; a ticket is the number after the last one.
	struct fib_op *queue; // ring
	uint64_t queue_size;  // power of two
	uint64_t head;	      // the oldest that is not in both tables
	uint64_t pos;	      // the next one to apply in this phase
	uint64_t batch;	      // the end of the batch
	uint64_t tail;
	uint64_t visible; // below it: every worker looks it up

	uint64_t token;			    // of the grace period
	uint64_t touched[FIB_BUCKETS / 64]; // buckets whose generation the flip bumps
	uint64_t errors;
};

static int writer_init(struct fib_writer *w, const struct fib_conf *c)
{
	w->qsbr = c->qsbr;
	w->queue_size = QUEUE_START;
	w->queue = calloc(w->queue_size, sizeof(*w->queue));
	if (!w->queue || key_table_init(&w->routes, c->max_routes) ||
		key_table_init(&w->nets, c->tbl8))
		return -ENOMEM;
	w->adj = calloc(w->routes.slots, sizeof(*w->adj));
	w->longer = calloc(w->nets.slots, sizeof(*w->longer));
	if (!w->adj || !w->longer)
		return -ENOMEM;
	if (dir24_init(&w->side[0].table, c->tbl8, c->socket))
		return -ENOMEM;
	return dir24_init(&w->side[1].table, c->tbl8, c->socket);
}

int fib_create(const struct fib_conf *conf, struct fib **out)
{
	if (conf->max_routes == 0 || conf->max_routes > INT32_MAX / 2 || conf->tbl8 == 0 ||
		conf->tbl8 > 1u << 24)
		return -EINVAL;

	struct fib *f = aligned_alloc(alignof(struct fib), sizeof(*f));
	struct fib_writer *w = calloc(1, sizeof(*w));
	int err = -ENOMEM;

	if (f && w) {
		memset(f, 0, sizeof(*f));
		f->writer = w;
		err = writer_init(w, conf);
		if (err) {
			fib_destroy(f);
			return err;
		}
		w->idle = 1;
		atomic_store_explicit(&f->active, &w->side[0], memory_order_release);
		*out = f;
		return 0;
	}
	free(f);
	free(w);
	return err;
}

void fib_destroy(struct fib *f)
{
	if (!f)
		return;

	struct fib_writer *w = f->writer;

	dir24_fini(&w->side[0].table);
	dir24_fini(&w->side[1].table);
	key_table_fini(&w->routes);
	key_table_fini(&w->nets);
	free(w->adj);
	free(w->longer);
	free(w->queue);
	free(w);
	free(f);
}

// Room for one more operation.
static int queue_reserve(struct fib_writer *w)
{
	if (w->tail - w->head < w->queue_size)
		return 0;

	struct fib_op *bigger = calloc(2 * w->queue_size, sizeof(*bigger));

	if (!bigger)
		return -ENOMEM;
	for (uint64_t i = w->head; i != w->tail; i++)
		bigger[i & (2 * w->queue_size - 1)] = w->queue[i & (w->queue_size - 1)];
	free(w->queue);
	w->queue = bigger;
	w->queue_size *= 2;
	return 0;
}

static void queue_push(struct fib_writer *w, struct fib_op op)
{
	w->queue[w->tail++ & (w->queue_size - 1)] = op;
}

static uint64_t net_key(uint32_t prefix)
{
	return key_of_prefix(prefix & prefix_mask(24), 24);
}

// Counts a prefix longer than /24 in its network: such a network costs a tbl8.
static int net_ref(struct fib_writer *w, uint32_t prefix)
{
	int32_t slot = key_table_add(&w->nets, net_key(prefix));

	if (slot < 0)
		return -ENOSPC;
	w->longer[slot]++;
	return 0;
}

static void net_unref(struct fib_writer *w, uint32_t prefix)
{
	int32_t slot = key_table_find(&w->nets, net_key(prefix));

	if (slot >= 0 && --w->longer[slot] == 0)
		(void)key_table_del(&w->nets, net_key(prefix));
}

int fib_set(struct fib *f, uint32_t prefix, uint8_t plen, uint32_t adj)
{
	struct fib_writer *w = f->writer;

	if (plen > 32 || adj == 0 || adj >= FIB_INDICES)
		return -EINVAL;
	prefix &= prefix_mask(plen);
	if (queue_reserve(w))
		return -ENOMEM;

	int32_t slot = key_table_find(&w->routes, key_of_prefix(prefix, plen));

	if (slot >= 0 && w->adj[slot] == adj)
		return 0;
	if (slot < 0) {
		if (plen > 24 && net_ref(w, prefix))
			return -ENOSPC;
		slot = key_table_add(&w->routes, key_of_prefix(prefix, plen));
		if (slot < 0) {
			if (plen > 24)
				net_unref(w, prefix);
			return -ENOSPC;
		}
		w->by_length[plen]++;
	}
	w->adj[slot] = adj;
	queue_push(w, (struct fib_op){ .prefix = prefix, .value = adj, .plen = plen });
	return 0;
}

// The entry of the longest prefix shorter than that, but for the default route's.
static uint32_t covering(const struct fib_writer *w, uint32_t prefix, uint8_t plen)
{
	int32_t slots[KEY_TABLE_BULK];
	uint64_t keys[KEY_TABLE_BULK];
	uint8_t lengths[KEY_TABLE_BULK];
	uint32_t n = 0;

	for (uint8_t l = plen; l-- > 1;)
		if (w->by_length[l] > 0) {
			lengths[n] = l;
			keys[n++] = key_of_prefix(prefix & prefix_mask(l), l);
		}
	if (n > 0)
		key_table_find_bulk(&w->routes, keys, n, slots);
	for (uint32_t i = 0; i < n; i++)
		if (slots[i] >= 0)
			return dir24_entry(lengths[i], w->adj[slots[i]]);
	return 0;
}

int fib_del(struct fib *f, uint32_t prefix, uint8_t plen)
{
	struct fib_writer *w = f->writer;

	if (plen > 32)
		return -ENOENT;
	prefix &= prefix_mask(plen);
	if (key_table_find(&w->routes, key_of_prefix(prefix, plen)) < 0)
		return -ENOENT;
	if (queue_reserve(w))
		return -ENOMEM;
	(void)key_table_del(&w->routes, key_of_prefix(prefix, plen));
	w->by_length[plen]--;
	if (plen > 24)
		net_unref(w, prefix);
	queue_push(w, (struct fib_op){ .prefix = prefix,
			      .value = covering(w, prefix, plen),
			      .plen = plen,
			      .del = true });
	return 0;
}

bool fib_needs_tbl8(const struct fib *f, uint32_t prefix, uint8_t plen)
{
	return plen > 24 && key_table_find(&f->writer->nets, net_key(prefix)) < 0;
}

static int apply(struct fib_side *s, const struct fib_op *op)
{
	if (op->plen == 0)
		s->default_adj = op->del ? 0 : op->value;
	else if (op->del)
		dir24_del(&s->table, op->prefix, op->plen, op->value);
	else
		return dir24_set(&s->table, op->prefix, op->plen, op->value);
	return 0;
}

// Notes the buckets of all /24 networks that the prefix covers or is in.
static void touch(struct fib_writer *w, uint32_t prefix, uint8_t plen)
{
	uint32_t n = plen >= 24 ? 1 : 1u << RTE_MIN(24 - plen, 10); // 1024 cover all buckets

	for (uint32_t i = 0; i < n; i++) {
		uint32_t bucket = fib_bucket(prefix + (i << 8));

		w->touched[bucket / 64] |= 1ull << bucket % 64;
	}
}

// An entry per /24 is written: a unit for each 1024 of them on top.
static uint32_t cost(const struct fib_op *op)
{
	return op->plen >= 14 || op->plen == 0 ? 1 : 1 + (1u << (14 - op->plen));
}

static void load_ahead(const struct fib_writer *w)
{
	const struct fib_op *later = &w->queue[(w->pos + AHEAD) & (w->queue_size - 1)];

	if (w->pos + AHEAD < w->batch)
		dir24_prefetch(&w->side[w->idle].table, later->prefix);
}

// Applies operations of the batch to the idle side within the budget; true when all are done.
static bool step_batch(struct fib_writer *w, bool first)
{
	for (uint32_t spent = 0; w->pos != w->batch && spent < STEP_BUDGET; w->pos++) {
		const struct fib_op *op = &w->queue[w->pos & (w->queue_size - 1)];
		int err;

		load_ahead(w);
		spent += cost(op);
		err = apply(&w->side[w->idle], op);
		if (first)
			touch(w, op->prefix, op->plen);
		if (err) { // what was reserved makes this impossible
			RTE_LOG(ERR, USER1, "fib: %#x/%u: %d\n", op->prefix, op->plen, err);
			w->errors++;
		}
	}
	return w->pos == w->batch;
}

// First the pointer, then the generations (release): whoever reads a new generation and looks up
// after that finds the new table.
static void flip(struct fib *f)
{
	struct fib_writer *w = f->writer;

	atomic_store_explicit(&f->active, &w->side[w->idle], memory_order_release);
	w->idle ^= 1;
	for (unsigned int b = 0; b < FIB_BUCKETS; b++)
		if (w->touched[b / 64] & 1ull << b % 64)
			atomic_fetch_add_explicit(&f->generation[b], 1, memory_order_release);
	memset(w->touched, 0, sizeof(w->touched));
	w->token = rte_rcu_qsbr_start(w->qsbr);
}

bool fib_poll(struct fib *f)
{
	struct fib_writer *w = f->writer;

	switch (w->phase) {
	case PHASE_IDLE:
		if (w->head == w->tail)
			return false;
		w->pos = w->head;
		w->batch = w->tail;
		w->phase = PHASE_APPLY;
		// fall through
	case PHASE_APPLY:
		if (!step_batch(w, true))
			return true;
		flip(f);
		w->phase = PHASE_GRACE;
		// fall through
	case PHASE_GRACE:
		if (!grace_passed(w->qsbr, w->token))
			return true;
		w->visible = w->batch;
		w->pos = w->head;
		w->phase = PHASE_REPLAY;
		return true;
	case PHASE_REPLAY:
		if (!step_batch(w, false))
			return true;
		w->head = w->batch;
		w->phase = PHASE_IDLE;
	}
	return w->head != w->tail;
}

uint64_t fib_ticket(const struct fib *f)
{
	return f->writer->tail;
}

uint64_t fib_visible_ticket(const struct fib *f)
{
	return f->writer->visible;
}

bool fib_visible(const struct fib *f, uint64_t ticket)
{
	return ticket <= f->writer->visible;
}

bool fib_idle(const struct fib *f)
{
	return f->writer->phase == PHASE_IDLE && f->writer->head == f->writer->tail;
}

void fib_usage(const struct fib *f, struct fib_usage *out)
{
	const struct fib_writer *w = f->writer;

	*out = (struct fib_usage){
		.routes = key_table_count(&w->routes),
		.max_routes = w->routes.capacity,
		.tbl8 = key_table_count(&w->nets),
		.max_tbl8 = w->nets.capacity,
		.backlog = w->tail - w->head,
		.errors = w->errors,
	};
}
