// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// Lays the arena out in a memfd and maps it.
#include "dataplane/session/arena.h"

#include <errno.h>
#include <linux/memfd.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "dataplane/session/portset.h"
#include "dataplane/session/index.h"
#include "dataplane/session/mapping.h"
#include "dataplane/session/session.h"

#define HUGE_PAGE (2ull << 20)

static const uint32_t slot_size[ARENA_SLABS] = {
	[ARENA_SESSIONS] = sizeof(struct session),
	[ARENA_MAPPINGS] = sizeof(struct mapping),
	[ARENA_HOSTS] = sizeof(struct host),
};

// FNV-1a over everything that two processes must agree on.
static uint64_t layout_hash(const struct arena_header *h)
{
	const uint64_t words[] = {
		sizeof(struct arena_header),
		sizeof(struct slab_head),
		sizeof(struct index_bucket),
		offsetof(struct index_bucket, overflow),
		sizeof(struct session),
		offsetof(struct session, life),
		offsetof(struct session, mapping),
		offsetof(struct session, next_free),
		sizeof(struct mapping),
		offsetof(struct mapping, refs),
		offsetof(struct mapping, of),
		offsetof(struct mapping, next_free),
		sizeof(struct host),
		offsetof(struct host, refs),
		offsetof(struct host, next_free),
		sizeof(struct portset),
		sizeof(struct port_tables),
		SESSION_LIVE,
		SESSION_RST,
		h->conf.sessions,
		h->conf.hosts,
		h->conf.nat_addresses,
		h->n_buckets,
		h->size,
		h->buckets_off,
		h->slots_off[ARENA_SESSIONS],
		h->slots_off[ARENA_MAPPINGS],
		h->slots_off[ARENA_HOSTS],
		h->portsets_off,
		h->tables_off,
	};
	uint64_t hash = 0xcbf29ce484222325ull;

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		hash = (hash ^ words[i]) * 0x100000001b3ull;
	return hash;
}

static uint64_t round_up(uint64_t n, uint64_t to)
{
	return (n + to - 1) / to * to;
}

static uint64_t place(uint64_t *end, uint64_t bytes)
{
	uint64_t off = *end;

	*end = round_up(off + bytes, 4096);
	return off;
}

// Three keys per bucket when the table is full (two of a session, one of its mapping): 38 % of the
// places, and about one key in 10^4 finds both its buckets full.
static void lay_out(struct arena_header *h, const struct arena_conf *conf, uint64_t page)
{
	const uint32_t count[ARENA_SLABS] = { conf->sessions, conf->sessions, conf->hosts };
	uint64_t end = round_up(sizeof(*h), 4096);

	h->magic = ARENA_MAGIC;
	h->conf = *conf;
	h->n_buckets = conf->sessions + conf->hosts / 3 + 2;
	h->buckets_off = place(&end, (uint64_t)h->n_buckets * sizeof(struct index_bucket));
	for (unsigned i = 0; i < ARENA_SLABS; i++)
		h->slots_off[i] = place(&end, (uint64_t)count[i] * slot_size[i]);
	h->portsets_off = place(&end, (uint64_t)conf->nat_addresses * sizeof(struct portset));
	h->tables_off = place(&end, sizeof(struct port_tables) * conf->nat_addresses);
	h->size = round_up(end, page);
}

// Not reserved: huge pages are found missing by arena_populate(), with an error and no signal.
static int map(struct arena *arena, size_t size)
{
	void *p =
		mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_NORESERVE, arena->fd, 0);

	if (p == MAP_FAILED)
		return -errno;
	arena->header = p;
	arena->size = size;
	return 0;
}

int arena_populate(const struct arena *arena, uint64_t off, uint64_t len)
{
	uint64_t page = arena->huge ? HUGE_PAGE : (uint64_t)sysconf(_SC_PAGESIZE);
	uint64_t first = off / page * page;

	if (madvise(arena_at(arena, first), round_up(off + len, page) - first,
		    MADV_POPULATE_WRITE) == 0)
		return 0;
	// EFAULT is what the kernel says when no huge page is left.
	return errno == EFAULT ? -ENOMEM : -errno;
}

static int create(struct arena *arena, const struct arena_conf *conf, bool huge)
{
	struct arena_header layout = { 0 };
	unsigned flags = MFD_CLOEXEC | (huge ? MFD_HUGETLB | MFD_HUGE_2MB : 0);
	int rc;

	*arena = (struct arena){ .fd = memfd_create("vrouter-sessions", flags), .huge = huge };
	if (arena->fd < 0)
		return -errno;
	lay_out(&layout, conf, huge ? HUGE_PAGE : 4096);
	layout.layout = layout_hash(&layout);
	if (getrandom(layout.seed, sizeof(layout.seed), 0) != sizeof(layout.seed))
		rc = -EIO;
	else if (ftruncate(arena->fd, (off_t)layout.size) != 0)
		rc = -errno;
	else
		rc = map(arena, layout.size);
	if (rc == 0)
		rc = arena_populate(arena, 0, layout.tables_off);
	if (rc != 0) {
		arena_close(arena);
		return rc;
	}
	*arena->header = layout;
	portsets_init(arena_at(arena, layout.portsets_off), conf->nat_addresses,
		arena_at(arena, layout.tables_off));
	return 0;
}

int arena_create(struct arena *arena, const struct arena_conf *conf, bool huge)
{
	if (conf->sessions == 0 || conf->sessions > ARENA_SLOTS_MAX || conf->hosts == 0 ||
		conf->hosts > ARENA_SLOTS_MAX || conf->nat_addresses > UINT16_MAX)
		return -EINVAL;
	if (huge && create(arena, conf, true) == 0)
		return 0;
	return create(arena, conf, false);
}

static int check(const struct arena_header *h, uint64_t size)
{
	struct arena_header expected = { 0 };

	if (h->magic != ARENA_MAGIC || h->size != size)
		return -EPROTO;
	lay_out(&expected, &h->conf, 4096);
	if (expected.size > size)
		return -EPROTO;
	expected.size = size; // may be rounded to huge pages
	return h->layout == layout_hash(&expected) ? 0 : -EPROTO;
}

int arena_attach(struct arena *arena, int fd)
{
	struct stat st;
	int rc;

	*arena = (struct arena){ .fd = dup(fd) };
	if (arena->fd < 0)
		return -errno;
	if (fstat(arena->fd, &st) != 0)
		rc = -errno;
	else if (st.st_size < (off_t)sizeof(struct arena_header))
		rc = -EPROTO;
	else
		rc = map(arena, (size_t)st.st_size);
	arena->huge = rc == 0 && st.st_blksize == (blksize_t)HUGE_PAGE;
	if (rc == 0)
		rc = check(arena->header, arena->size);
	if (rc != 0)
		arena_close(arena);
	return rc;
}

void arena_close(struct arena *arena)
{
	if (arena->header != NULL)
		munmap(arena->header, arena->size);
	if (arena->fd >= 0)
		close(arena->fd);
	*arena = (struct arena){ .fd = -1 };
}
