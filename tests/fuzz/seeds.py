#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 the vrouter authors
"""Writes the first inputs of the targets with a format of their own (graph, server, netlink) into
tests/fuzz/corpus/. What fuzzing added to them is there, too."""

import json
import os
import socket
import struct

from scapy.layers.inet import ICMP, IP, TCP, UDP
from scapy.packet import Raw

CORPUS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "corpus")
H1, H1B, H2, EIP = "192.168.10.10", "192.168.10.11", "192.168.11.10", "192.168.10.20"
INET, OFFICE, GW, ISP2 = "203.0.113.10", "203.0.113.200", "203.0.113.254", "198.51.100.10"
SNAT, VIP_EIP, VIP_PF, VIP_EIP2 = "203.0.113.1", "203.0.113.20", "203.0.113.21", "203.0.113.22"
SNAT1 = "198.51.100.1"
VPC1, VPC2, PUB0, PUB1 = 1, 2, 3, 4
KERNEL, PARTIAL, CUT = 0x08, 0x10, 0x20


def save(target, name, content):
    folder = os.path.join(CORPUS, target)
    os.makedirs(folder, exist_ok=True)
    with open(os.path.join(folder, f"{name}.bin"), "wb") as f:
        f.write(content)


def step(port, packet, flags=0):
    data = bytes(packet)
    return struct.pack("<BBH", port | flags, 0, len(data)) + data


def wait(seconds):
    return struct.pack("<BBH", 0, 0, seconds)


def quote(source, kind, packet, destination=SNAT):
    return IP(src=source, dst=destination) / ICMP(type=kind, code=1) / bytes(packet)


def graph():
    out = IP(src=H1, dst=INET) / UDP(sport=5000, dport=80) / b"data"
    tcp = IP(src=H1, dst=INET) / TCP(sport=5000, dport=80, flags="S")
    save("graph", "snat-udp", step(VPC1, out) + step(
        PUB0, IP(src=INET, dst=SNAT) / UDP(sport=80, dport=5000) / b"data"))
    save("graph", "snat-tcp", step(VPC1, tcp, PARTIAL) + step(
        PUB0, IP(src=INET, dst=SNAT) / TCP(sport=80, dport=5000, flags="SA")) + wait(10) + step(
            VPC1, IP(src=H1, dst=INET) / TCP(sport=5000, dport=80, flags="R")))
    save("graph", "ping", step(VPC1, IP(src=H1, dst=INET) / ICMP(id=7)) + step(
        PUB0, IP(src=INET, dst=SNAT) / ICMP(type=0, id=7)))
    save("graph", "error", step(VPC1, out) + step(
        PUB0, quote(GW, 3, IP(src=SNAT, dst=INET) / UDP(sport=5000, dport=80) / b"data"), CUT))
    save("graph", "hosts", b"".join(
        step(VPC1, IP(src=h, dst=INET) / UDP(sport=p, dport=80)) for h in (H1, H1B)
        for p in range(5000, 5006)))
    save("graph", "ports", b"".join(
        step(VPC2, IP(src=H2, dst=INET) / UDP(sport=p, dport=80)) for p in range(5000, 5006)))
    save("graph", "open-mapping", step(VPC2, IP(src=H2, dst=INET) / UDP(sport=2001, dport=80)) + step(
        PUB0, IP(src=OFFICE, dst=SNAT) / UDP(sport=9, dport=2001)) + step(
            VPC2, IP(src=H2, dst=OFFICE) / UDP(sport=2001, dport=9)) + step(
                VPC1, IP(src=H1, dst=SNAT) / UDP(sport=5000, dport=2001)))
    save("graph", "peer", step(VPC1, IP(src=H1, dst=ISP2) / UDP(sport=5000, dport=80)) + step(
        PUB1, IP(src=ISP2, dst=SNAT1) / UDP(sport=81, dport=5000)) + step(
            PUB1, IP(src="198.51.100.11", dst=SNAT1) / UDP(sport=80, dport=5000)))
    save("graph", "reused-ports", b"".join(
        step(VPC2, IP(src=H2, dst=ISP2) / UDP(sport=p, dport=d))
        for p in range(2999, 3006) for d in (80, 81)))
    save("graph", "eip", step(PUB0, IP(src=INET, dst=VIP_EIP) / TCP(dport=22, flags="S")) + step(
        VPC1, IP(src=EIP, dst=INET) / TCP(sport=22)) + step(
            VPC1, quote(EIP, 3, IP(src=INET, dst=EIP) / UDP(dport=9) / b"data", INET)))
    save("graph", "eip-inbound", step(PUB0, IP(src=INET, dst=VIP_EIP2) / TCP(dport=22)))
    save("graph", "forward", step(PUB0, IP(src=INET, dst=VIP_PF) / TCP(dport=8080, flags="S"))
         + step(VPC2, IP(src=H2, dst=INET) / TCP(sport=80, flags="SA")))
    save("graph", "hairpin", step(VPC1, IP(src=H1, dst=VIP_EIP) / TCP(dport=80, flags="S")) + step(
        VPC1, IP(src=EIP, dst=SNAT) / TCP(sport=80, dport=20, flags="SA")))
    for name, external, port, h2 in (("punch", SNAT, PUB0, 2001), ("punch-dependent", SNAT1, PUB1, 3001)):
        outside = INET if port == PUB0 else ISP2
        there = step(VPC1, IP(src=H1, dst=external) / UDP(sport=5000, dport=h2) / b"x")
        back = step(VPC2, IP(src=H2, dst=external) / UDP(sport=h2, dport=5000) / b"x")
        got = IP(src=external, dst=H1) / UDP(sport=h2, dport=5000) / b"x"
        save("graph", name, step(VPC1, IP(src=H1, dst=outside) / UDP(sport=5000, dport=80)) + step(
            VPC2, IP(src=H2, dst=outside) / UDP(sport=h2, dport=80)) + back + there + back + step(
                VPC1, quote(H1, 3, got, external)))
    save("graph", "closed", step(PUB0, IP(src=OFFICE, dst=VIP_PF) / TCP(dport=22)) + step(
        PUB0, IP(src=INET, dst=VIP_PF) / TCP(dport=22)))
    save("graph", "fragments", step(
        PUB0, IP(src=INET, dst=VIP_EIP, flags="MF") / UDP() / (b"x" * 64)) + step(
            PUB0, IP(src=INET, dst=VIP_EIP, frag=9, proto=17) / Raw(b"x" * 64), CUT))
    for name, first, source, target in (
            ("snat", UDP(sport=5000, dport=80, len=80), H1, INET),
            ("forward", TCP(sport=999, dport=8080, flags="S"), INET, VIP_PF),
            ("ping", ICMP(id=7), H1, INET)):
        port, proto = VPC1 if source == H1 else PUB0, {UDP: 17, TCP: 6, ICMP: 1}[type(first)]
        pieces = [step(port, IP(src=source, dst=target, id=9, flags="MF") / first / (b"x" * (64 - len(first)))),
                  step(port, IP(src=source, dst=target, id=9, frag=8, proto=proto) / Raw(b"x" * 20)),
                  step(port, IP(src=source, dst=target, id=9, frag=7, proto=proto) / Raw(b"x" * 20))]
        save("graph", f"fragments-{name}", b"".join(pieces))
        save("graph", f"fragments-{name}-late", b"".join(pieces[1::-1]) + pieces[1] + wait(6))
    save("graph", "big", step(VPC1, IP(src=H1, dst=H2) / UDP() / (b"ab" * 1600)) + step(
        VPC1, IP(src=H1, dst=H2, flags="DF") / UDP() / (b"ab" * 1600), CUT))
    save("graph", "held", step(VPC1, IP(src=H1, dst="192.168.11.77") / UDP() / b"x") + wait(5))
    save("graph", "ttl", step(VPC1, IP(src=H1, dst=ISP2, ttl=1) / UDP() / b"x"))
    save("graph", "options", step(VPC1, IP(src=H1, dst=H2, options=b"\x94\x04\0\0") / UDP()))
    save("graph", "local", step(VPC1, IP(src=H1, dst="192.168.10.1") / ICMP()) + step(
        PUB1, IP(src=ISP2, dst="224.0.0.5", proto=89) / Raw(b"x" * 40)) + step(
            VPC1, IP(src="192.168.10.1", dst=H1) / ICMP(type=0), KERNEL))
    save("graph", "nowhere", b"".join(
        step(VPC1, IP(src=H1, dst=f"172.{n}.1.1") / UDP()) for n in (29, 30, 31)))


def packet_parse():
    """Mode and place of the cut, and a frame."""
    frame = bytes(6) + b"\2\0\0\0\0\1\x08\0"
    quoted = IP(src=SNAT, dst=INET) / TCP(sport=5000, dport=80)
    for name, packet in (("tcp", IP(src=H1, dst=INET) / TCP()), ("udp", IP(src=H1, dst=INET) / UDP()),
                         ("ping", IP(src=H1, dst=INET) / ICMP()), ("error", quote(GW, 3, quoted)),
                         ("fragment", IP(src=H1, dst=INET, flags="MF") / UDP() / (b"x" * 64)),
                         ("options", IP(src=H1, dst=H2, options=b"\x94\x04\0\0") / UDP())):
        save("packet_parse", name, b"\0\0" + frame + bytes(packet))
        save("packet_parse", f"{name}-split", b"\4\x20" + frame + bytes(packet))


(FD, BEGIN, OBJECTS, PREPARE, COMMIT, ABORT, _, ROUTES, DUMP, _, SESSIONS, _,
 LOG) = range(3, 16)
PORT, ADDRESS, EIP_KIND, FORWARD, SNAT_KIND, SERVICE, NAT = range(1, 8)


def message(kind, body=b"", flags=0):
    return struct.pack("<BBH", kind, flags, len(body)) + body


def objects(kind, *rows):
    return message(OBJECTS, struct.pack("<HHI", kind, 0, len(rows)) + b"".join(rows))


def addr(text, plen=32):
    return struct.pack("<BBH16s", 2, plen, 0, socket.inet_aton(text))


def port(n, role):
    return struct.pack("<IBBHH6s16s108s", n, 1, role, 1500, 1, bytes([2, 0, 0, 0, 0, n]),
                       f"p{n}".encode(), f"p{n}@fuzz".encode())


def sessions(op, *endpoints, match=0, limit=10, cursor=0):
    """Of the first endpoints in the order of the filter: (address, length, first port, last)."""
    rows = [addr(a, n) + struct.pack("<HH", first, last) for a, n, first, last in endpoints]
    return message(SESSIONS, struct.pack("<5IBBHIII6I", op, cursor, limit, 1, match, 6, 1, 2, 0, 60,
                                         1, SNAT_KIND, 1, 0, 0, 0, 0)
                   + b"".join(rows).ljust(5 * 24, b"\0"))


def server():
    begin = message(BEGIN, struct.pack("<QII", 0, 1, 0))
    change = message(BEGIN, struct.pack("<QII", 0, 0, 0), 2)
    commit = message(PREPARE) + message(COMMIT, struct.pack("<Q", 1))
    site = objects(PORT, port(1, 0), port(2, 1)) + objects(
        ADDRESS, struct.pack("<III", 1, 1, 1) + addr("192.168.10.1", 24),
        struct.pack("<III", 2, 2, 1) + addr("203.0.113.1", 24),
        struct.pack("<III", 3, 2, 0) + addr("203.0.113.20", 24),
        struct.pack("<III", 4, 2, 0) + addr("203.0.113.21", 24))
    rules = objects(EIP_KIND, struct.pack("<III", 1, 3, 0) + addr("192.168.10.20")) + objects(
        FORWARD, struct.pack("<IIBBHHH", 1, 4, 6, 0, 80, 90, 80) + addr("192.168.10.10")
        + bytes(20)) + objects(
            SNAT_KIND, struct.pack("<IIBBHHHI", 1, 2, 0, 0, 1024, 65535, 1, 0)
            + addr("192.168.10.0", 24) + struct.pack("<64I", 2, *[0] * 63)) + objects(
                SERVICE, struct.pack("<IIBBHHxx", 1, 0, 6, 3, 22, 22))
    routes = struct.pack("<II", 3, 2) + addr("0.0.0.0", 0) + struct.pack("<BBBB", 0, 0, 1, 0) + addr(
        "203.0.113.254") + struct.pack("<II", 2, 1) + addr("10.0.0.0", 8) + bytes([1, 0, 0, 0])
    dumps = b"".join(message(DUMP, struct.pack("<4I", what, 0, 0, 0)) for what in range(1, 6))
    questions = b"".join(
        sessions(op, ("192.168.10.0", 24, 0, 65535), ("0.0.0.0", 0, 80, 80), match=match, cursor=at)
        for op, match, at in ((1, 0, 0), (1, 0x60, 5), (2, 0x10, 0), (3, 0x3ff, 0), (3, 0, 0)))
    settings = objects(NAT, struct.pack("<6I", 1, 7440, 240, 300, 60, 600))
    save("server", "sessions", begin + site + rules + settings + commit + questions)
    save("server", "log", begin + site + commit + message(LOG, struct.pack("<II", 1, 1), 1)
         + message(LOG, struct.pack("<II", 0, 0)))
    save("server", "site", begin + site + rules + commit + message(ROUTES, routes) + dumps)
    save("server", "change", begin + site + commit + change + rules + commit + change + message(
        OBJECTS, struct.pack("<HHII", EIP_KIND, 1, 1, 1)) + commit)
    save("server", "abort", begin + site + rules + message(PREPARE) + message(ABORT) + dumps)
    save("server", "cut", begin + site + rules + message(PREPARE))
    save("server", "refused", begin + site + rules + rules[:-8] + commit + message(PREPARE))
    save("server", "descriptor", message(FD, b"mirror:p1".ljust(64, b"\0") + bytes(4), 1) + begin)


(NEWLINK, DELLINK, DELADDR, NEWROUTE, DELROUTE, NEWNEIGH, DELNEIGH) = (16, 17, 21, 24, 25, 28, 29)
DONE, ERROR, MULTI, REPLACE, APPEND, INTERRUPTED = 3, 2, 0x2, 0x100, 0x800, 0x10
REACHABLE, FAILED, PERMANENT = 0x02, 0x20, 0x80


def attribute(kind, value):
    return struct.pack("<HH", 4 + len(value), kind) + value + bytes(-len(value) % 4)


def netlink(kind, body, flags=0, seq=0):
    return struct.pack("<IHHII", 16 + len(body), kind, flags, seq, 0) + body


def datagrams(*datagrams_of_messages):
    return b"".join(struct.pack("<H", len(d)) + d for d in datagrams_of_messages)


OVERRUN = b"\xff\xff"


def neighbour(ip, state, ifindex=1, mac=b"\2\0\0\0\1\1", ext=0, kind=NEWNEIGH, **more):
    return netlink(kind, struct.pack("<BxxxiHBB", 2, ifindex, state, 0, 1) + attribute(
        1, socket.inet_aton(ip)) + attribute(2, mac) + attribute(15, struct.pack("<I", ext)), **more)


def neighbours():
    host, gateway = "10.0.0.5", "10.0.0.9"
    done = netlink(DONE, bytes(4), MULTI, 1)
    save("neighbours", "news", datagrams(
        netlink(ERROR, bytes(20), 0, 1), neighbour(host, REACHABLE), neighbour(gateway, PERMANENT),
        neighbour(host, FAILED), neighbour(host, 0, kind=DELNEIGH)))
    save("neighbours", "dump", datagrams(
        netlink(ERROR, bytes(20), 0, 1), neighbour(host, REACHABLE, flags=MULTI, seq=1)
        + neighbour("10.0.0.6", REACHABLE, ext=1, flags=MULTI, seq=1), done) + OVERRUN + datagrams(
            neighbour(host, REACHABLE, ifindex=2)))
    save("neighbours", "interrupted", datagrams(
        neighbour(host, REACHABLE, flags=MULTI | INTERRUPTED, seq=1), done))


def route(kind, prefix, plen, gateway, ifindex=1, priority=20, route_type=1, more=b"", flags=0):
    return netlink(kind, struct.pack("<BBBBBBBBI", 2, plen, 0, 0, 254, 4, 0, route_type, 0)
                   + attribute(1, socket.inet_aton(prefix))
                   + (attribute(5, socket.inet_aton(gateway)) if gateway else b"")
                   + attribute(4, struct.pack("<I", ifindex))
                   + attribute(6, struct.pack("<I", priority)) + more, flags, 1)


def link(kind, ifindex, name, flags=0x11043):
    return netlink(kind, struct.pack("<BxHiII", 0, 1, ifindex, flags, 0) + attribute(
        3, name.encode() + b"\0") + attribute(1, b"\2\0\0\0\0\1"))


def routes():
    hops = b"".join(struct.pack("<HBBi", 16, 0, 0, i) + attribute(5, socket.inet_aton(g))
                    for i, g in ((1, "10.0.0.9"), (2, "10.0.1.9")))
    links = link(NEWLINK, 1, "pub0") + link(NEWLINK, 2, "vpc1")
    done = netlink(DONE, bytes(4), MULTI, 1)
    save("routes", "news", datagrams(
        links, route(NEWROUTE, "20.0.0.0", 8, "10.0.0.9"),
        route(NEWROUTE, "20.0.0.0", 8, "10.0.1.9", 2, 10),
        route(NEWROUTE, "20.0.0.0", 8, "10.0.1.8", 2, 10, flags=REPLACE),
        route(DELROUTE, "20.0.0.0", 8, "10.0.0.9"), link(DELLINK, 2, "vpc1"),
        netlink(DELADDR, bytes(8))) + OVERRUN)
    save("routes", "dump", datagrams(links) + OVERRUN + datagrams(
        route(NEWROUTE, "0.0.0.0", 0, "10.0.0.9") + route(NEWROUTE, "30.0.0.0", 16, "", 0,
                                                         route_type=6), done))
    save("routes", "multipath", datagrams(
        links, route(NEWROUTE, "20.0.0.0", 8, "", more=attribute(9, hops), flags=APPEND)))


VPN = {"name": "b", "interface": "pub0", "peer_address": "203.0.113.9", "psk": "k3y",
       "local_subnets": ["192.168.10.0/24"], "remote_subnets": ["10.9.0.0/24"]}
BALANCER = {"name": "web", "vip": "pub0", "listeners": [{
    "name": "h", "protocol": "http", "port": 80, "targets": [{"address": "192.168.10.3"}]}]}
OSPF = {"areas": [{"id": 0, "authentication": {"type": "md5", "key_id": 1, "key": "s3cret"},
                   "interfaces": ["pub0"]}]}


def api():
    """Method, path with query, If-Match; then the body."""
    sessions = "/v1/state/nat/sessions?"
    for number, line in enumerate((
            "GET /v1/state", "GET /v1/state/dataplane", "GET /v1/state/drops", "GET /v1/state/routes?limit=2",
            "GET /v1/state/limits", "GET /v1/state/interfaces", "GET /v1/state/nat/rules",
            "GET /v1/state/nat/ports", "GET /metrics", "GET /healthz", "HEAD /v1/config", "GET /v1/config/snat/out",
            "GET /v1/config/revisions?limit=1&offset=0", "GET /v1/config/diff?from=0&to=1",
            "GET /v1/config/revisions/1", "GET /v1/config/confirm", "POST /v1/config/confirm",
            "POST /v1/config/rollback?to=1&comment=x", 'DELETE /v1/config/snat/out "1"',
            f"GET {sessions}protocol=tcp&source=192.168.10.0/24:1-9&state=established&min_age=1",
            f"GET {sessions}outside=203.0.113.10:80&rule=out&rule_kind=snat&uplink=pub0&cursor=5",
            f"DELETE {sessions}inside=192.168.10.2", f"DELETE {sessions}all=1", "TRACE /v1/config")):
        save("api", f"line-{number:02}", line.encode() + b"\n")
    for name, line, body in (
            ("patch", "PATCH /v1/config", {"ipsec": [VPN], "ospf": OSPF, "load_balancers": [BALANCER]}),
            ("object", "PUT /v1/config/ipsec/b", VPN), ("route", "PUT /v1/config/routes/10.0.0.0_8/blackhole",
                                                        {"priority": 9}),
            ("put", 'PUT /v1/config?confirm=9 "1"', {"version": 1})):
        save("api", name, line.encode() + b"\n" + json.dumps(body).encode())


def config_parse():
    """A document, NUL, and another one."""
    site = {"version": 1, "interfaces": [{"name": "pub0", "role": "public", "mac": "02:00:00:00:00:01",
                                          "addresses": ["203.0.113.1/24"]}]}
    parts = {"ipsec": [VPN], "ospf": OSPF, "load_balancers": [BALANCER]}
    for name, value in parts.items():
        save("config_parse", f"patch-{name}", json.dumps(site).encode() + b"\0" + json.dumps(
            {name: value}).encode())
    save("config_parse", "patch-null", json.dumps({**site, **parts}).encode() + b"\0" + json.dumps(
        {name: None for name in parts}).encode())


if __name__ == "__main__":
    api()
    config_parse()
    graph()
    packet_parse()
    server()
    neighbours()
    routes()
