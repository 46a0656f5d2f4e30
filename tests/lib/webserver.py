#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 the vrouter authors
"""`python3 -m http.server PORT DIRECTORY`, but for the look-up of its own name, which would wait
for a name server that a host of the lab cannot reach."""

import functools
import http.server
import socketserver
import sys


class Server(http.server.ThreadingHTTPServer):
    def server_bind(self):
        socketserver.TCPServer.server_bind(self)
        self.server_name, self.server_port = "host", self.server_address[1]


if __name__ == "__main__":
    handler = functools.partial(http.server.SimpleHTTPRequestHandler, directory=sys.argv[2])
    Server(("", int(sys.argv[1])), handler).serve_forever()
