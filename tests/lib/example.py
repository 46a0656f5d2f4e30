# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 the vrouter authors
"""A document of configs/examples/ on a running router: the NICs that it names are replaced by TAP
ports with a host behind each, everything else is applied as it is written."""

import copy
import ipaddress
import json
import os
import socket

from topology import ROOT, Host
from wait import wait_until

DIRECTORY = os.path.join(ROOT, "configs", "examples")


def names():
    return sorted(n.removesuffix(".json") for n in os.listdir(DIRECTORY))


def read(name):
    with open(os.path.join(DIRECTORY, f"{name}.json"), encoding="utf-8") as f:
        return json.load(f)


def _peers(document):
    """The addresses that the document sends something to, in its order."""
    return [rule[key] for part, key in (("eips", "target"), ("port_forwards", "target"),
                                        ("routes", "next_hop"))
            for rule in document.get(part, []) if key in rule]


def _peer(document, interface):
    """Who is behind an interface: its gateway, else whom the document names, else the tenth host."""
    subnet = ipaddress.ip_interface(interface["addresses"][0]).network
    for address in [interface.get("gateway"), *_peers(document)]:
        if address and ipaddress.ip_address(address) in subnet:
            return f"{address}/{subnet.prefixlen}"
    return f"{subnet[10]}/{subnet.prefixlen}"


class Example:
    """The applied document and its hosts: `hosts["pub0"]` is who is behind pub0. The management
    interface keeps its NIC, which is no port of the data plane."""

    def __init__(self, router, name):
        self.router = router
        self.name = name
        self.document = copy.deepcopy(read(name))
        self.hosts = {}
        self.log = None  # the file of the NAT log

    def apply(self):
        for interface in self.document["interfaces"]:
            if interface["role"] != "management":
                self._replace_nic(interface)
        log = self.document.get("nat", {}).get("log", {})
        if "file" in log:
            self.log = log["file"] = os.path.join(self.router.lab.directory, "nat.log")
        self.router.put(self.document)
        for host in self.hosts.values():
            host.attach()
        wait_until(self.links_up, what="every link and its mirror is up")
        self.router.wait_routes(self.document)

    def _replace_nic(self, interface):
        interface.pop("mac", None)
        gateway = interface["addresses"][0].partition("/")[0]
        host = Host(self.router.lab, f"{self.name}-{interface['name']}",
                    _peer(self.document, interface),
                    gateway if interface["role"] == "private" else None)
        self.hosts[interface["name"]] = host
        interface["port"] = host.port

    def links_up(self):
        return all(i["link_up"] for i in self.router.api.items("state/interfaces")
                   if i["role"] != "management") and not any(
                       "linkdown" in r for r in self.router.kernel_routes())

    def drops(self, reason):
        return next(d["packets"] for d in self.router.api.items("state/drops")
                    if d["reason"] == reason)

    def warnings(self):
        """{pointer: text} of what the router says about the document."""
        return {w["pointer"]: w["detail"] for w in self.router.api.get("state")["warnings"]}

    def remove(self):
        self.router.put({"version": 1})


def exchange(client, server, address, port, listen=None, kind=socket.SOCK_STREAM):
    """A question from `client` to address:port and the answer of `server`, which listens on `listen`
    (port). Returns the address and port from which the server saw it come."""
    with server.socket(kind, listen or port) as listener, client.socket(kind) as asking:
        if kind == socket.SOCK_DGRAM:
            asking.connect((address, port))
            asking.sendall(b"question")
            seen = listener.recvfrom(100)[1]
            listener.sendto(b"answer", seen)
        else:
            listener.listen()
            asking.connect((address, port))
            accepted, seen = listener.accept()
            with accepted:
                accepted.sendall(b"answer")
        assert asking.recv(100) == b"answer"
        return seen
