// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// The end of a grace period, for whoever frees what workers have read.
#pragma once

#include <stdbool.h>

#include <rte_rcu_qsbr.h>

// Whether every worker was quiescent since the token was taken. rte_rcu_qsbr_check() may know that
// from another thread's check, by a plain load that orders nothing; so each worker's counter is
// read once more, with acquire: all that the worker read before comes before what the caller frees.
static inline bool grace_passed(struct rte_rcu_qsbr *q, uint64_t token)
{
	if (rte_rcu_qsbr_check(q, token, false) != 1)
		return false;
	for (uint32_t i = 0; i < q->max_threads; i++)
		(void)__atomic_load_n(&q->qsbr_cnt[i].cnt, __ATOMIC_ACQUIRE);
	return true;
}
