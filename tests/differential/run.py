#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 the vrouter authors
"""Runs the differential test: 10 000 random sequences from a fixed seed, with --long a million."""

import argparse
import os
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BUILD = os.environ.get("VROUTER_BUILD", os.path.join(ROOT, "build"))


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--long", action="store_true", help="a million sequences")
    parser.add_argument("--sequences", type=int)
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    sequences = args.sequences or (1000000 if args.long else 10000)
    program = os.path.join(BUILD, "tests", "differential", "differential")
    os.execv(program, [program, "--sequences", str(sequences), "--seed", str(args.seed)])


if __name__ == "__main__":
    sys.exit(main())
