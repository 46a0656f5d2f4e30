// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// The punt thread: the one thread that reads and writes TAPs. Workers exchange packets with it by
// rings and never signal it; it sleeps up to a millisecond when nothing moves.
#pragma once

struct channel;
struct process_stats;
struct punt;

// Starts the thread. Counts into `stats` (mirror_*). 0 or negative errno.
int punt_create(struct process_stats *stats, struct punt **out);
void punt_destroy(struct punt *p); // all channels were detached; NULL is fine

// Control thread. Without a punt thread (NULL) the channel's rings are the caller's to serve.
// Otherwise the channel is served until detached; both wait for the thread to agree, less
// than a round of it. 0 or negative errno.
int punt_attach(struct punt *p, struct channel *c);
void punt_detach(struct punt *p, struct channel *c); // no-op when not attached
