# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 the vrouter authors
"""A kept fault: the `old` text of a file, once in it, becomes `new`, and `test` must fail: "packet
FILE FUNCTION" (pytest), "unit PROGRAM FUNCTION" (cmocka) or "differential SEED SEQUENCES"."""

from collections import namedtuple

Fault = namedtuple("Fault", "name file old new test")
