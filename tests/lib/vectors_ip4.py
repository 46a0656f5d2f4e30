# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 the vrouter authors
"""IPv4 packets for test vectors, as functions of (source, destination, source port, destination
port): the same packet before and after a translation. All checksums are scapy's."""

import struct

from scapy.config import conf

conf.verb = 0
from scapy.layers.inet import ICMP, IP, TCP, UDP, in4_pseudoheader  # noqa: E402
from scapy.layers.l2 import Ether  # noqa: E402
from scapy.packet import Raw  # noqa: E402
from scapy.utils import checksum  # noqa: E402

OWN, PEER, OTHER = "02:00:00:00:00:01", "02:00:00:00:00:02", "02:00:00:00:00:03"
GROUP, BROADCAST = "01:00:5e:00:00:05", "ff:ff:ff:ff:ff:ff"
TCP_P, UDP_P, ICMP_P, GRE_P, DCCP_P, SCTP_P, LITE_P = 6, 17, 1, 47, 33, 132, 136
INSIDE = ("192.168.1.10", "198.51.100.7", 40000, 53)
OUTSIDE = ("203.0.113.5", "198.51.100.7", 1024, 53)
BOTH = ("203.0.113.5", "10.0.0.99", 65535, 8080)  # hairpin: everything changes
ROUTER = "172.16.9.1"
LSRR = b"\x83\x07\x04\x0a\x00\x00\x01"
SSRR = b"\x89\x07\x04\x0a\x00\x00\x01"
RECORD_ROUTE = b"\x07\x07\x04\x00\x00\x00\x00"
SECURITY = b"\x82\x0b\x00\x00\x00\x00\x00\x00\x00\x00\x00"  # has the copied flag
PAYLOAD = bytes(range(1, 101))


def frame(packet, dst=OWN, pad=b""):
    return bytes(Ether(src=PEER, dst=dst, type=0x800) / packet) + pad


def ip(src, dst, **kw):
    return IP(src=src, dst=dst, **{"id": 4711, "ttl": 64, **kw})


def options(data):
    return {"options": [Raw(data)]} if data else {}


def raw_checksum(src, dst, proto, data):
    """Checksum of an L4 protocol with the IPv4 pseudo-header that scapy does not know."""
    head = in4_pseudoheader(proto, IP(src=src, dst=dst), len(data))
    return checksum(head + data)


def ones_add(a, b):
    total = a + b
    return (total & 0xffff) + (total >> 16)


def patch16(data, off, value):
    return data[:off] + struct.pack("!H", value) + data[off + 2:]


# IP packets by (src, dst, sport, dport)

def udp(payload=PAYLOAD, opts=b"", **kw):
    return lambda s, d, sp, dp: (ip(s, d, **options(opts)) / UDP(sport=sp, dport=dp, **kw) /
                                 Raw(payload))


def tcp(payload=PAYLOAD, opts=b"", **kw):
    return lambda s, d, sp, dp: (ip(s, d, **options(opts)) /
                                 TCP(sport=sp, dport=dp, flags="S", seq=7, **kw) / Raw(payload))


def icmp(kind, payload=PAYLOAD):
    def make(s, d, sp, dp):
        return ip(s, d) / ICMP(type=kind, id=sp if kind in (8, 13) else dp, seq=3) / Raw(payload)
    return make


def other(proto, payload=PAYLOAD):
    return lambda s, d, sp, dp: ip(s, d, proto=proto) / Raw(payload)


def udp_lite(payload=PAYLOAD):
    def make(s, d, sp, dp):
        data = struct.pack("!HHHH", 7, 9, 0, 0) + payload  # coverage 0: all of it
        value = raw_checksum(s, d, LITE_P, data) or 0xffff  # RFC 3828 3.1
        return ip(s, d, proto=LITE_P) / Raw(patch16(data, 6, value))
    return make


def udp_lite_sum_zero(*flow):
    """UDP-Lite whose checksum computes to 0 with this flow."""
    body = bytes(udp_lite(b"\0\0ab")(*flow).payload)
    return udp_lite(body[6:8] + b"ab")


def dccp(s, d, sp, dp):
    data = struct.pack("!HHBBHBBH", 7, 9, 4, 0, 0, 4, 0, 1) + b"\0" * 4 + PAYLOAD
    return ip(s, d, proto=DCCP_P) / Raw(patch16(data, 6, raw_checksum(s, d, DCCP_P, data)))


def part(make, start, end, more):
    """The fragment of a datagram that has bytes [start, end) of its payload."""
    def build(*args):
        whole = make(*args)
        body = bytes(whole.payload)
        whole = IP(bytes(whole))
        return ip(whole.src, whole.dst, proto=whole.proto, flags="MF" if more else 0,
                  frag=start // 8) / Raw(body[start:end])
    return build


def udp_sum_zero(*flow):
    """UDP whose checksum computes to 0 with this flow, which is sent as 0xffff."""
    body = UDP(bytes(udp(b"\0\0ab")(*flow)[UDP]))
    return udp(struct.pack("!H", body.chksum) + b"ab")


def partial(make):
    """Its checksum as a kernel leaves it for the device: the sum of the pseudo-header."""
    def build(*args):
        p = IP(bytes(make(*args)))
        body = bytes(p.payload)
        off = 16 if p.proto == TCP_P else 6
        sum_ = 0xffff ^ checksum(in4_pseudoheader(p.proto, p, len(body)))
        return ip(p.src, p.dst, proto=p.proto) / Raw(patch16(body, off, sum_))
    return build


def wrong(make, error):
    """Its L4 checksum is off by `error`, in one's complement."""
    def build(*args):
        p = IP(bytes(make(*args)))
        off = {TCP_P: 16, UDP_P: 6, ICMP_P: 2}[p.proto]
        body = bytes(p.payload)
        good = struct.unpack("!H", body[off:off + 2])[0]
        return ip(p.src, p.dst, proto=p.proto) / Raw(patch16(body, off, ones_add(good, error)))
    return build


def error(kind, code, quote, opts=b"", length=0):
    return lambda s, d, *_: (ip(s, d, **options(opts)) /
                             ICMP(type=kind, code=code, length=length) / Raw(bytes(quote)))
