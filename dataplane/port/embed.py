# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 the vrouter authors
"""Prints a file as a C array: embed.py NAME FILE."""

import sys

name, path = sys.argv[1:]
with open(path, "rb") as f:
    data = f.read()
print("// Made by dataplane/port/embed.py.\n#pragma once\n\n#include <stdalign.h>\n#include <stdint.h>\n")
print(f"static alignas(8) const uint8_t {name}[] = {{")
for at in range(0, len(data), 16):
    print("\t" + " ".join(f"0x{byte:02x}," for byte in data[at:at + 16]))
print("};")
