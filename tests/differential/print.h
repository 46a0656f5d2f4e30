// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// A sequence that shows a difference, for people to read.
#pragma once

#include <stdio.h>

#include "tests/differential/play.h"

// The steps that were played last, with what each router sent.
void print_sequence(FILE *out, const struct bench *b, const struct sequence *s);
