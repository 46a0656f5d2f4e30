// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// Secrets in a document: keys of IPsec and OSPF, certificates with their private key. They are
// members of known names, wherever they stand. A reader never gets them; a document that leaves one
// out means the one that is there, so that what was read can be changed and written back.
#pragma once

#include <stdbool.h>

#include <jansson.h>

bool secret_member(const char *name); // whether members of this name are secrets

// A copy of the document, or of a part of it, without its secrets; NULL for NULL, and
// on memory failure.
json_t *secrets_removed(json_t *json);

// Gives the secrets of the document `from` (borrowed, may be NULL) to the objects of the document
// `to` that leave them out.
// Elements of lists are the same when their `name` or `id` is. 0 or -ENOMEM.
int secrets_kept(json_t *to, json_t *from);
