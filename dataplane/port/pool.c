// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// As rte_pktmbuf_pool_create() does it, but for one flag: DPDK's AF_XDP driver gives the kernel one
// area of the size of all buffers, and those beyond it would be lost to the driver for good.
#include "dataplane/port/pool.h"

#include <rte_eal.h>
#include <rte_mbuf.h>
#include <rte_mbuf_pool_ops.h>

#include "dataplane/packet/meta.h"

struct rte_mempool *port_pool_create(const char *name, unsigned int n, unsigned int cache)
{
	struct rte_pktmbuf_pool_private private = {
		.mbuf_data_room_size = RTE_MBUF_DEFAULT_BUF_SIZE,
		.mbuf_priv_size = sizeof(struct meta),
	};
	unsigned int size =
		sizeof(struct rte_mbuf) + sizeof(struct meta) + RTE_MBUF_DEFAULT_BUF_SIZE;
	// Where devices use virtual addresses, a buffer may cross a page, so none is skipped.
	unsigned int flags = rte_eal_iova_mode() == RTE_IOVA_VA ? RTE_MEMPOOL_F_NO_IOVA_CONTIG : 0;
	struct rte_mempool *pool = rte_mempool_create_empty(
		name, n, size, cache, sizeof(private), SOCKET_ID_ANY, flags);

	if (pool == NULL)
		return NULL;
	if (rte_mempool_set_ops_byname(pool, rte_mbuf_best_mempool_ops(), NULL) != 0) {
		rte_mempool_free(pool);
		return NULL;
	}
	rte_pktmbuf_pool_init(pool, &private);
	if (rte_mempool_populate_default(pool) < 0) {
		rte_mempool_free(pool);
		return NULL;
	}
	rte_mempool_obj_iter(pool, rte_pktmbuf_init, NULL);
	return pool;
}

bool port_pool_is_dense(const struct rte_mempool *pool)
{
	return pool->nb_mem_chunks == 1 && (pool->flags & RTE_MEMPOOL_F_NO_IOVA_CONTIG) != 0;
}
