// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// What the state handlers share: dumps, counters and pages, with the refusal when the data plane is
// away.
#pragma once

#include "control/api/counters.h"
#include "control/api/names.h"
#include "control/api/request.h"

#define PAGE_DEFAULT 1000
#define PAGE_MAX     10000

// A part of a list: items `offset` to `offset` + `limit` - 1.
struct page {
	uint32_t offset;
	uint32_t limit;
};

// From the query. 0, or -EINVAL with the reply made.
int state_page(struct request *r, struct page *page);
// Whether item number `index` is on the page.
bool state_on_page(const struct page *page, size_t index);

// Asks the data plane; *records is malloc'd. 0, or negative errno with the reply made. Commit
// thread.
int state_dump(
	struct request *r, enum dump_what what, void **records, size_t record_size, size_t *count);

// A page of it; page->records is malloc'd. The same.
int state_dump_page(struct request *r, enum dump_what what, uint32_t from, uint32_t most,
	size_t record_size, struct client_page *page);

// Asks about sessions; page->records is malloc'd. The same.
int state_sessions(struct request *r, const struct msg_sessions *ask, struct session_page *page);

// The counters, malloc'd. NULL: the reply is made. Any thread.
struct counters *state_counters(struct request *r);

// The names of the running configuration. NULL: the reply is made. Any thread.
struct names *state_names(struct request *r);

// {name: reason or null} of all subsystems; *degraded when one is. New reference.
json_t *state_subsystems(const struct api_env *env, bool *degraded);

// Adds "tables" and "alarms" to the summary: what is in use, and what is nearly full.
void state_fill(json_t *into, const struct stats_shm *shm, const struct process_stats *process);

// All that somebody should look at now: [{kind, name, detail}]. `now` may be NULL. Any thread; new
// reference.
json_t *state_alarms(const struct api_env *env, const struct config *now);

static inline json_t *json_counter(uint64_t value)
{
	return json_integer((json_int_t)value);
}
