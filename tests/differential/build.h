// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// Makes the frames of a step for one router. What answers an earlier packet is made from what that
// router sent, so that each router is answered by the ports that it chose itself.
#pragma once

#include "tests/differential/differential.h"

// `past`: the exchanges of the steps before, by step id. False: nothing to send, because nothing
// came out that could be answered.
bool build_step(const struct step *s, const struct exchange *past, struct frames *in);
