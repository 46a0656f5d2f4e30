// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// RFC 7396, section 2: the merge patch.
#include "control/config/parse.h"

// Merges into `target`, a fresh object. 0, or -1 on memory failure.
static int merge(json_t *target, json_t *patch)
{
	const char *key;
	json_t *value;

	json_object_foreach(patch, key, value)
	{
		if (json_is_null(value)) {
			(void)json_object_del(target, key); // also when it is not there
			continue;
		}
		json_t *merged = config_merge_patch(json_object_get(target, key), value);
		if (json_object_set_new(target, key, merged) < 0)
			return -1;
	}
	return 0;
}

json_t *config_merge_patch(json_t *document, json_t *patch)
{
	if (!json_is_object(patch))
		return json_deep_copy(patch);
	json_t *merged = json_is_object(document) ? json_deep_copy(document) : json_object();
	if (merged != NULL && merge(merged, patch) < 0) {
		json_decref(merged);
		return NULL;
	}
	return merged;
}
