// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// The uplinks, and how usable each is now: by its mirror's carrier and by the answers to probes.
// Who keeps the routes takes the verdicts from here. Commit thread only.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "control/dataplane/client.h"
#include "control/kernel/links.h"
#include "control/kernel/wanted.h"
#include "control/main/jobs.h"

// The better, the lower.
enum uplink_level {
	UPLINK_USABLE,
	UPLINK_NO_ANSWER,  // none of the monitored addresses answers
	UPLINK_NO_CARRIER, // or no mirror
};

struct uplink_state {
	enum uplink_level level;
	bool monitored;
	int64_t since;	     // seconds since 1970
	uint64_t changes;    // of the level
	uint64_t sent, lost; // probes
};

struct uplinks;

// All borrowed. changed() is called from a watch when a verdict changed.
struct uplinks_conf {
	const struct client *client;
	struct jobs *jobs;
	const struct links *links;
	void (*changed)(void *ctx);
	void *ctx;
};

struct uplinks *uplinks_create(const struct uplinks_conf *conf); // NULL: memory
void uplinks_destroy(struct uplinks *u);

int uplinks_open(struct uplinks *u, int netns_fd); // begins to probe; 0 or negative errno
void uplinks_close(struct uplinks *u);

// From here on these are the uplinks; one that was there before keeps its history. Result as of
// uplinks_judge().
bool uplinks_configure(struct uplinks *u, const struct wanted *w);
// Looks at carriers and probes. Whether the verdicts are others than those that were taken last.
bool uplinks_judge(struct uplinks *u);
// enum uplink_level by port id, LIMIT_PORTS of them, valid until the next judgement.
const uint8_t *uplinks_take(struct uplinks *u);

bool uplinks_state(struct uplinks *u, uint32_t port, struct uplink_state *out);
// UPLINK_USABLE also of what is no uplink. Any thread.
enum uplink_level uplinks_level(const struct uplinks *u, uint32_t port);
const char *uplink_level_text(enum uplink_level level); // NULL: usable
