// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// What differs between two documents, for people and programs to read. Objects of lists are told by
// their names, whatever their place; secrets are told of without their value.
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include <jansson.h>

#define DIFF_MAX	1000 // entries; further ones are counted
#define OBJECT_NAME_MAX 160  // bytes with the final NUL; longer names than any that is valid

// The name of an object of a list of the model: its `name`, an area's `id`, or for a route, which
// has none of its own, "192.168.101.0_24/10.108.10.20" (the type in place of a missing next hop).
bool object_name(const char *list, json_t *object, char out[OBJECT_NAME_MAX]);

// [{"op": "add" | "remove" | "change" | "order", "path": "/snat/out/mapping", "from", "to"}].
// "order": the same objects, in another order. *more: entries beyond DIFF_MAX. NULL on memory
// failure.
json_t *config_diff(json_t *from, json_t *to, size_t *more);
