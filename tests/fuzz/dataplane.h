// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// A data plane for fuzz targets: the real one with test ports, one worker that the target drives,
// and a clock that moves when it is told to. An input leaves nothing behind for the next one.
#pragma once

#include "tests/packet/harness.h"

// Starts the EAL and the data plane; ends the process when it cannot.
void fuzz_start(struct harness *h);

// Walks until nothing comes out any more. Everything that is sent or punted is freed.
void fuzz_walk(struct harness *h);

// Moves the clock and sweeps.
void fuzz_advance(struct harness *h, unsigned int seconds);

// Every packet and every buffer is accounted for; else prints the books and aborts.
void fuzz_check_books(struct harness *h);

// After the longest timer: no session, mapping or host is left; else aborts.
void fuzz_check_drained(struct harness *h);
