// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// What the handlers of the whole configuration and of single objects share.
#pragma once

#include "control/api/request.h"

// The running document as a new copy of its top level and lists (objects are shared, never
// changed), or that of an appliance without configuration. NULL on memory failure.
json_t *config_copy_document(const struct config *now);

// The body as JSON, new reference. NULL: the reply is made.
json_t *config_body(struct request *r);

// Commits `document` (consumed, NULL: out of memory) under the request's If-Match, dry_run, confirm
// and comment, and makes the reply; `status` when it succeeds. Commit thread.
void config_commit(struct request *r, json_t *document, int status);

// The same to go back to what revision `number` was.
void config_commit_rollback(struct request *r, json_t *document, uint64_t number);

// Adds "changes" and "more_changes", what differs between two documents. 0 or -ENOMEM.
int config_add_diff(json_t *body, json_t *from, json_t *to);
