# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 the vrouter authors
"""Pages of 2 MiB for a run, given back after it. Others may take and give theirs meanwhile."""

import contextlib

NR = "/proc/sys/vm/nr_hugepages"


def reserved():
    with open(NR, encoding="ascii") as f:
        return int(f.read())


def change(by):
    wanted = max(0, reserved() + by)
    with open(NR, "w", encoding="ascii") as f:
        f.write(str(wanted))
    return wanted


@contextlib.contextmanager
def huge_pages(mib):
    count = -(-mib // 2)
    wanted = change(count)
    try:
        if reserved() < wanted:
            raise RuntimeError(f"the kernel has no {count} pages of 2 MiB to give")
        yield
    finally:
        change(-count)
