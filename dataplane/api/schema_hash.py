# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 the vrouter authors
#
# Prints a C header with the SHA-256 of the files given: the wire schema that control and the data
# plane compare in their handshake.

import hashlib
import sys

digest = hashlib.sha256(b"".join(open(path, "rb").read() for path in sys.argv[1:])).digest()
print("#pragma once")
print(f'#define SCHEMA_HASH "{digest.hex()}"')
print("#define SCHEMA_HASH_BYTES { " + ", ".join(f"0x{byte:02x}" for byte in digest) + " }")
