# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 the vrouter authors
"""Writes tables of test vectors as a C header: named rows of `struct vector`, whose frames are byte
arrays. Rows are keyword arguments; the names of their fields are those of the C struct."""

import ipaddress

HEAD = """// Written by a generator, see meson.build. Not to be edited.
#pragma once
"""


class Frames:
    """A list of frames for a field of type `struct frame[]`."""

    def __init__(self, *frames):
        self.frames = [bytes(f) for f in frames]


class Expr(str):
    """A C expression."""


def flags(*names):
    return Expr(" | ".join(f"META_{n.upper()}" for n in names) or "0")


def be16(value):
    return Expr(f"RTE_BE16({value})")


def ip4(address):
    return Expr(f"RTE_BE32({int(ipaddress.IPv4Address(address)):#x})")


def tuple4(src, dst, sport=0, dport=0, proto=0):
    """`struct tuple`."""
    return {"src": ip4(src), "dst": ip4(dst), "sport": be16(sport), "dport": be16(dport),
            "proto": proto}


class Tables:
    def __init__(self):
        self.arrays = {}
        self.tables = {}

    def add(self, table, name, **fields):
        row = ", ".join(f".{k.rstrip('_')} = {self._value(v)}" for k, v in fields.items())
        self.tables.setdefault(table, []).append(f'\t{{ .name = "{name}", {row} }},')

    def _frame(self, data):
        name = self.arrays.setdefault(bytes(data), f"frame_{len(self.arrays)}")
        return f"{{ {name}, {len(data)} }}"

    def _value(self, v):
        if isinstance(v, Frames):
            return "{ " + ", ".join(self._frame(f) for f in v.frames) + " }"
        if isinstance(v, dict):
            return "{ " + ", ".join(f".{k} = {self._value(w)}" for k, w in v.items()) + " }"
        if isinstance(v, bytes):
            return self._frame(v)
        if isinstance(v, bool):
            return str(int(v))
        return str(v)

    def write(self, path):
        with open(path, "w", encoding="ascii") as out:
            out.write(HEAD)
            for data, name in self.arrays.items():
                body = ",".join(str(b) for b in data) or "0"
                out.write(f"static const uint8_t {name}[] = {{{body}}};\n")
            for table, rows in self.tables.items():
                out.write(f"static const struct vector {table}_vectors[] = {{\n")
                out.write("\n".join(rows) + "\n};\n")
