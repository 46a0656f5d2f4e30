# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 the vrouter authors
"""The router's HTTP API as a client sees it: JSON over a unix socket, standard library only."""

import http.client
import json
import socket


class Refused(AssertionError):
    """The router answered with an error; `reply` is the answer."""

    def __init__(self, reply, what):
        super().__init__(f"{what}: {reply.status} {reply.text}")
        self.reply = reply


class Reply:
    def __init__(self, response):
        self.status = response.status
        self.headers = response.headers
        self.text = response.read().decode()

    def json(self):
        return json.loads(self.text)

    def errors(self):
        """The problem document's errors as {pointer: detail}."""
        return {e["pointer"]: e["detail"] for e in self.json().get("errors", [])}


class _UnixConnection(http.client.HTTPConnection):
    def __init__(self, path, timeout):
        super().__init__("localhost", timeout=timeout)
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self.path)


class Api:
    def __init__(self, path, timeout=30):
        self.path = path
        self.timeout = timeout

    def request(self, method, path, body=None, headers=None):
        """One request. `body`: bytes and str go as they are, everything else as JSON."""
        headers = dict(headers or {})
        if body is not None and not isinstance(body, (bytes, str)):
            body = json.dumps(body)
        if body is not None:
            headers.setdefault("Content-Type", "application/json")
        connection = _UnixConnection(self.path, self.timeout)
        try:
            connection.request(method, path, body, headers)
            return Reply(connection.getresponse())
        finally:
            connection.close()

    def get(self, path):
        """The JSON document at `path` under /v1 (or an absolute path)."""
        path = path if path.startswith("/") else f"/v1/{path}"
        reply = self.request("GET", path)
        if reply.status != 200:
            raise Refused(reply, f"GET {path}")
        return reply.json()

    def items(self, path):
        """The items of a list such as state/routes."""
        return self.get(path)["items"]

    def put(self, config, path="/v1/config", headers=None):
        """Replaces the configuration; raises when it is refused."""
        reply = self.request("PUT", path, config, headers)
        if reply.status not in (200, 201):
            raise Refused(reply, f"PUT {path}")
        return reply.json()
