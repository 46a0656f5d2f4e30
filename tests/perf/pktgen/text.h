// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// Reading the values of the command line. All return 0, or -EINVAL with the text that says what is
// wrong with them in an error.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <rte_ether.h>

#include "tests/perf/pktgen/space.h"

struct error {
	char text[256];
};

__attribute__((format(printf, 2, 3))) int error_set(struct error *e, const char *format, ...);

int text_number(const char *text, uint64_t min, uint64_t max, uint64_t *out, struct error *e);
int text_real(const char *text, double min, double max, double *out, struct error *e);
int text_address(const char *text, uint32_t *out, struct error *e); // host order

// "A/LEN"; the address is kept whole.
int text_prefix(const char *text, uint32_t *address, uint8_t *len, struct error *e);

// "A", "A-B" or "A/LEN", all addresses of it.
int text_addresses(const char *text, struct range *out, struct error *e);

// "N" or "N-M", both from min to max.
int text_range(const char *text, uint32_t min, uint32_t max, struct range *out, struct error *e);

int text_mac(const char *text, struct rte_ether_addr *out, struct error *e);

// The index of the word in a list that ends with NULL.
int text_word(const char *text, const char *const words[], unsigned int *out, struct error *e);

// Cuts the next "KEY=VALUE" off *rest (which is written to). 1, or 0 at the end. When the key is in
// `whole` (ends with NULL), the value is all that is left, commas and all.
int text_pair(char **rest, const char *const whole[], char **key, char **value, struct error *e);

// A name of letters, digits, '-' and '_', at most 15.
bool text_name_ok(const char *text);
