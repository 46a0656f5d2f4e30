// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// A temporary directory per test, as cmocka's setup and teardown; *state is its path.
#pragma once

int directory_make(void **state);
int directory_remove(void **state);
unsigned int directory_count(const char *path); // entries, without the store's lock
