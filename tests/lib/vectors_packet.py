# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 the vrouter authors
"""Vectors for the packet library. Both sides of every comparison are built by scapy, which computes
all checksums from scratch; nothing here comes from our own code."""

import sys

from scapy.layers.inet import ICMP, IP, UDP
from scapy.layers.l2 import ARP, Dot1Q, Ether
from scapy.packet import Raw

from vectors import Expr, Frames, Tables, be16, flags, ip4, tuple4
from vectors_ip4 import (
    BOTH, BROADCAST, DCCP_P, GRE_P, GROUP, ICMP_P, INSIDE, LITE_P, LSRR, OTHER, OUTSIDE, OWN,
    PAYLOAD, PEER, RECORD_ROUTE, ROUTER, SCTP_P, SECURITY, SSRR, TCP_P, UDP_P, dccp, error, frame,
    icmp, ip, options, other, part, partial, patch16, tcp, udp, udp_lite,
    udp_lite_sum_zero, udp_sum_zero, wrong)

T = Tables()


# packet_parse(): good packets and what metadata says about them

def good(name, make, to=INSIDE, rx_partial=False, dst=OWN, pad=b"", want_flags=(), **want):
    data = frame(make(*to), dst)
    p = IP(data[14:])
    meta = {"src": ip4(p.src), "dst": ip4(p.dst), "proto": p.proto, "l3_off": 14,
            "l4_off": 14 + 4 * p.ihl, "ip_len": p.len, "ttl": p.ttl, "flags": flags(*want_flags)}
    T.add("parse", name, in_=data + pad, rx_partial=rx_partial, meta={**meta, **want})


def ports(a, b):
    return {"sport": be16(a), "dport": be16(b)}


def parse_vectors():
    p, has = ports(40000, 53), ("has_ports",)
    good("udp", udp(), want_flags=has, **p)
    good("udp_empty", udp(b""), want_flags=has, **p)
    good("udp_padded", udp(b"x"), pad=b"\xaa" * 17, want_flags=has, **p)
    good("udp_shorter_than_ip", udp(PAYLOAD, len=60), want_flags=has, **p)
    good("udp_options", udp(opts=RECORD_ROUTE), want_flags=has, **p)
    good("udp_options_end", udp(opts=b"\x01\x01\x00\x83"), want_flags=has, **p)
    good("udp_all_options", udp(opts=b"\x01" * 40), want_flags=has, **p)
    good("udp_df", lambda s, d, a, b: ip(s, d, flags="DF") / UDP(sport=a, dport=b),
         want_flags=("has_ports", "df"), **p)
    good("udp_partial", partial(udp()), rx_partial=True, want_flags=("has_ports", "csum_partial"),
         **p)
    good("udp_jumbo", udp(b"j" * 8900), want_flags=has, **p)
    good("tcp", tcp(), want_flags=has, tcp_flags=2, **p)
    good("tcp_options", tcp(options=[("MSS", 1460), ("WScale", 7)]), want_flags=has, tcp_flags=2,
         **p)
    good("tcp_all_options", tcp(options=[("NOP", None)] * 40, opts=b"\x01" * 40), want_flags=has,
         tcp_flags=2, **p)
    good("tcp_partial", partial(tcp()), rx_partial=True, tcp_flags=2,
         want_flags=("has_ports", "csum_partial"), **p)
    good("echo_request", icmp(8), want_flags=has, icmp_type=8, **ports(40000, 0))
    good("echo_reply", icmp(0), want_flags=has, icmp_type=0, **ports(0, 53))
    good("echo_rx_none", icmp(8), rx_partial=True, want_flags=has, icmp_type=8, **ports(40000, 0))
    good("timestamp", icmp(13, b"\0" * 12), want_flags=has, icmp_type=13, **ports(40000, 0))
    good("timestamp_reply", icmp(14, b"\0" * 12), want_flags=has, icmp_type=14, **ports(0, 53))
    good("redirect", error(5, 1, udp()(*INSIDE)), icmp_type=5, icmp_code=1)
    good("gre", other(GRE_P))
    good("gre_empty", other(GRE_P, b""))
    good("sctp", other(SCTP_P))
    good("udp_lite", udp_lite())
    good("dccp", dccp)
    good("first", part(udp(), 0, 64, True), want_flags=("frag_first", "has_ports"), **p)
    good("first_partial", part(udp(), 0, 64, True), rx_partial=True,
         want_flags=("frag_first", "has_ports"), **p)
    good("first_tcp", part(tcp(), 0, 24, True), want_flags=("frag_first", "has_ports"),
         tcp_flags=2, **p)
    good("middle", part(udp(), 8, 64, True), want_flags=("frag_other",))
    good("last", part(udp(), 64, 108, False), want_flags=("frag_other",))
    good("multicast", udp(), to=("10.0.0.1", "224.0.0.5", 5, 6), dst=GROUP,
         want_flags=("l2_broadcast", "has_ports"), **ports(5, 6))
    good("multicast_unicast_mac", udp(), to=("10.0.0.1", "239.1.1.1", 5, 6), want_flags=has,
         **ports(5, 6))

    quote = bytes(udp()(*OUTSIDE))
    q = {"icmp_type": 3, "icmp_code": 3, "want_flags": ("icmp_error",), "quoted_l3": 42}
    to = (ROUTER, OUTSIDE[0])
    good("error", error(3, 3, quote), to=to, quoted_l4=62, quoted_len=len(quote), **q)
    good("error_short", error(3, 3, quote[:28]), to=to, quoted_l4=62, quoted_len=28, **q)
    good("error_extended", error(3, 3, quote + b"\x20\0\0\0" * 4), to=to, quoted_l4=62,
         quoted_len=len(quote), **q)
    good("error_length_swapped", error(3, 3, patch16(quote, 2, 7)), to=to, quoted_l4=62,
         quoted_len=len(quote), **q)
    good("error_quotes_later", error(3, 3, part(udp(), 64, 72, False)(*OUTSIDE)), to=to,
         quoted_len=28, **q)
    good("error_quotes_gre", error(3, 3, bytes(other(GRE_P)(*OUTSIDE))[:20]), to=to, quoted_len=20,
         **q)
    good("error_all_options", error(3, 3, tcp(opts=b"\x01" * 40)(*OUTSIDE), opts=b"\x01" * 40),
         to=to, **{**q, "quoted_l3": 82, "quoted_l4": 142, "quoted_len": 180})
    T.add("arp", "arp", in_=bytes(Ether(src=PEER, dst=BROADCAST) / ARP()),
          meta={"l3_off": 14, "flags": flags("l2_broadcast")})
    T.add("arp", "arp_unicast", in_=bytes(Ether(src=PEER, dst=OWN) / ARP(op=2)),
          meta={"l3_off": 14})


# packet_parse(): what is dropped and why

def drop(reason, name, data):
    T.add("drop", name, in_=bytes(data), reason=Expr(f"DROP_{reason}"))


def drop_headers():
    whole = frame(udp()(*INSIDE))
    for n in (0, 1, 13):
        drop("ETH_SHORT", f"ether_{n}", whole[:n])
    drop("ETH_NOT_OURS", "other_station", frame(udp()(*INSIDE), OTHER))
    drop("ETH_TYPE", "ipv6", bytes(Ether(src=PEER, dst=OWN, type=0x86dd)) + b"\x60" + b"\0" * 39)
    drop("ETH_TYPE", "vlan", bytes(Ether(src=PEER, dst=OWN) / Dot1Q(vlan=5) / udp()(*INSIDE)))
    drop("IP_SHORT", "ip_0", whole[:14])
    drop("IP_SHORT", "ip_19", whole[:33])
    for version in (0, 6, 15):
        drop("IP_VERSION", f"version_{version}", frame(ip(*INSIDE[:2], version=version) / UDP()))
    drop("IP_HEADER_LENGTH", "ihl_0", frame(ip(*INSIDE[:2], ihl=0) / UDP()))
    drop("IP_HEADER_LENGTH", "ihl_4", frame(ip(*INSIDE[:2], ihl=4) / UDP()))
    drop("IP_HEADER_LENGTH", "ihl_beyond", frame(ip(*INSIDE[:2], ihl=15) / UDP()))
    drop("IP_TOTAL_LENGTH", "total_0", frame(ip(*INSIDE[:2], len=0) / UDP()))
    drop("IP_TOTAL_LENGTH", "total_19", frame(ip(*INSIDE[:2], len=19) / UDP()))
    drop("IP_TOTAL_LENGTH", "total_beyond", frame(ip(*INSIDE[:2], len=29) / UDP()))
    drop("IP_TOTAL_LENGTH", "total_below_options",
         frame(ip(*INSIDE[:2], len=24, **options(RECORD_ROUTE)) / UDP()))
    drop("IP_CHECKSUM", "checksum", frame(ip(*INSIDE[:2], chksum=0x1234) / UDP()))
    drop("IP_CHECKSUM", "checksum_options",
         frame(ip(*INSIDE[:2], chksum=0x1234, **options(RECORD_ROUTE)) / UDP()))


def drop_addresses():
    for a in ("0.0.0.0", "0.1.2.3", "127.0.0.1", "224.0.0.1", "239.255.255.255", "240.0.0.1",
              "255.255.255.255"):
        drop("IP_SOURCE", f"source_{a}", frame(ip(a, "10.0.0.1") / UDP()))
    for a in ("0.0.0.0", "127.1.2.3", "240.0.0.1", "255.255.255.254"):
        drop("IP_DESTINATION", f"destination_{a}", frame(ip("10.0.0.1", a) / UDP()))
    drop("IP_BROADCAST", "broadcast", frame(ip("10.0.0.1", "255.255.255.255") / UDP(), BROADCAST))
    drop("IP_BROADCAST", "broadcast_unicast_mac", frame(ip("10.0.0.1", "255.255.255.255") / UDP()))
    drop("IP_BROADCAST", "unicast_in_broadcast", frame(udp()(*INSIDE), BROADCAST))
    drop("IP_BROADCAST", "unicast_in_multicast", frame(udp()(*INSIDE), GROUP))


def drop_options():
    for name, opts in (("lsrr", LSRR), ("ssrr", SSRR), ("nop_lsrr", b"\x01" + LSRR),
                       ("security_ssrr", SECURITY + b"\x01" + SSRR)):
        drop("IP_SOURCE_ROUTE", name, frame(udp(opts=opts)(*INSIDE)))
    for name, opts in (("length_0", b"\x07\x00\x00\x00"), ("length_1", b"\x07\x01\x00\x00"),
                       ("beyond", b"\x07\x05\x00\x00"), ("no_length", b"\x01\x01\x01\x07"),
                       ("lsrr_beyond", b"\x83\x0b\x04\x00")):
        drop("IP_OPTIONS", name, frame(udp(opts=opts)(*INSIDE)))


def drop_fragments():
    def fragment(name, proto, size, frag, more):
        drop("FRAGMENT_BAD", name,
             frame(ip(*INSIDE[:2], proto=proto, frag=frag, flags="MF" if more else 0) /
                   Raw(bytes(UDP(sport=1, dport=2, len=100)) * 30)[Raw].load[:size]))
    for proto in (TCP_P, UDP_P):
        fragment(f"odd_{proto}", proto, 25, 0, True)
        fragment(f"empty_{proto}", proto, 0, 0, True)
        fragment(f"empty_last_{proto}", proto, 0, 5, False)
    fragment("tcp_first_8", TCP_P, 8, 0, True)
    fragment("tcp_first_16", TCP_P, 16, 0, True)
    fragment("tcp_offset_1", TCP_P, 24, 1, True)
    fragment("tcp_offset_1_last", TCP_P, 24, 1, False)
    fragment("dccp_first_8", DCCP_P, 8, 0, True)
    fragment("beyond_64k", UDP_P, 8 * 24, 8191 - 20, False)
    long = bytes(tcp(options=[("NOP", None)] * 40)(*INSIDE).payload)
    drop("FRAGMENT_BAD", "tcp_options_in_second",
         frame(ip(*INSIDE[:2], proto=TCP_P, flags="MF") / Raw(long[:56])))


def drop_l4():
    for proto, least in ((UDP_P, 8), (TCP_P, 20), (ICMP_P, 8), (LITE_P, 8), (DCCP_P, 12)):
        for n in (0, least - 1):
            drop("L4_SHORT", f"l4_{proto}_{n}",
                 frame(ip(*INSIDE[:2], proto=proto) / Raw(b"\x55" * n)))
    for n in (0, 7, 109, 65535):
        drop("L4_LENGTH", f"udp_{n}", frame(udp(len=n)(*INSIDE)))
    for n in (0, 4):
        drop("L4_LENGTH", f"tcp_{n}", frame(tcp(dataofs=n)(*INSIDE)))
    drop("L4_LENGTH", "tcp_beyond", frame(tcp(b"", dataofs=6)(*INSIDE)))
    quote = bytes(udp()(*OUTSIDE))
    for name, data in (
            ("empty", b""), ("quote_19", quote[:19]), ("quote_27", quote[:27]),
            ("version", b"\x65" + quote[1:]), ("ihl_4", b"\x44" + quote[1:]),
            ("ihl_beyond", b"\x4f" + quote[1:40]),
            ("gre_options_cut", b"\x46" + bytes(other(GRE_P)(*OUTSIDE))[1:22]),
            ("options_no_l4", bytes(udp(opts=b"\x01" * 40)(*OUTSIDE))[:67])):
        for kind in (3, 11, 12):
            drop("ICMP_INVALID", f"icmp_{kind}_{name}",
                 frame(error(kind, 0, data)(ROUTER, OUTSIDE[0])))


# packet_translate()

def translated(name, make, to=(OUTSIDE, BOTH), is_partial=False):
    for i, target in enumerate(to):
        T.add("translate", f"{name}_{i}", in_=frame(make(*INSIDE)),
              out=Frames(frame(make(*target))), to=tuple4(*target), rx_partial=is_partial)


def translate_vectors():
    for name, make in (
            ("udp", udp()), ("udp_empty", udp(b"")), ("udp_odd", udp(PAYLOAD[:33])),
            ("udp_no_checksum", udp(chksum=0)), ("udp_sum_zero_in", udp_sum_zero(*INSIDE)),
            ("udp_sum_zero_out", udp_sum_zero(*OUTSIDE)),
            ("udp_options", udp(opts=RECORD_ROUTE)), ("udp_jumbo", udp(b"j" * 8901)),
            ("tcp", tcp()), ("tcp_odd", tcp(PAYLOAD[:7])), ("tcp_options", tcp(opts=SECURITY)),
            ("tcp_mss", tcp(options=[("MSS", 1460)])), ("tcp_jumbo", tcp(b"J" * 8000)),
            ("echo_request", icmp(8)), ("echo_reply", icmp(0)), ("echo_odd", icmp(8, b"abc")),
            ("timestamp", icmp(13, b"\0" * 12)), ("timestamp_reply", icmp(14, b"\0" * 12)),
            ("mask_request", other(ICMP_P, b"\x11\0\xee\xfe\0\0\0\0")),
            ("gre", other(GRE_P)), ("sctp", other(SCTP_P)), ("esp", other(50, b"")),
            ("dccp", dccp), ("udp_lite", udp_lite()),
            ("udp_lite_sum_zero", udp_lite_sum_zero(*OUTSIDE)),
            ("first_udp", part(udp(), 0, 64, True)), ("first_tcp", part(tcp(), 0, 64, True)),
            ("first_echo", part(icmp(8), 0, 64, True)),
            ("first_no_checksum", part(udp(chksum=0), 0, 64, True)),
            ("middle_udp", part(udp(), 8, 64, True)), ("last_tcp", part(tcp(), 64, 120, False)),
            ("last_echo", part(icmp(8), 64, 108, False)),
            ("wrong_udp", wrong(udp(), 0x0101)), ("wrong_tcp", wrong(tcp(), 0xfe00)),
            ("wrong_echo", wrong(icmp(8), 1))):
        translated(name, make)
    translated("same", udp(), to=(INSIDE,))
    translated("tcp_partial", partial(tcp()), is_partial=True)
    translated("udp_partial", partial(udp()), is_partial=True)


# packet_translate_error(): comes back to OUTSIDE's source, goes on to INSIDE's

def quoted_tuple(name, make, flow):
    """What packet_quoted_tuple() says of the quoted packet: fields of the vector."""
    src, dst, sport, dport = flow
    proto = make(*flow).proto
    kind = name.split("_")[0]
    seen = ["has_ports"] if kind in ("udp", "tcp", "echo") and "later" not in name else []
    if kind == "echo":
        sport, dport = (0, dport) if "reply" in name else (sport, 0)
    if not seen:
        sport = dport = 0
    seen += [f"frag_{f}" for f, word in (("first", "first"), ("other", "later")) if word in name]
    return {"quoted": tuple4(src, dst, sport, dport, proto), "quoted_flags": flags(*seen)}


def translated_error(name, make, cut=None, tail=b"", kind=3, code=3, length=0, half=None):
    """`half`: the quote ends with half of a checksum, at this offset, that cannot be updated."""
    def build(flow, src, dst, before=None):
        quote = bytes(make(*flow))[:cut] + tail
        if half and before:
            quote = quote[:half] + bytes(make(*before))[half:cut]
        return frame(error(kind, code, quote, length=length)(src, dst))
    T.add("error", name, in_=build(OUTSIDE, ROUTER, OUTSIDE[0]),
          out=Frames(build(INSIDE, ROUTER, INSIDE[0], OUTSIDE)), to=tuple4(*INSIDE),
          src=ip4(ROUTER), dst=ip4(INSIDE[0]), **quoted_tuple(name, make, OUTSIDE))
    # The other way: the host inside reports about what it was sent.
    sent = (INSIDE[1], INSIDE[0], INSIDE[3], INSIDE[2])
    seen = (OUTSIDE[1], OUTSIDE[0], OUTSIDE[3], OUTSIDE[2])
    T.add("error", f"{name}_out", in_=build(sent, INSIDE[0], INSIDE[1]),
          out=Frames(build(seen, OUTSIDE[0], OUTSIDE[1], sent)), to=tuple4(*seen),
          src=ip4(OUTSIDE[0]), dst=ip4(OUTSIDE[1]), **quoted_tuple(name, make, sent))


def error_vectors():
    for name, make in (("udp", udp()), ("udp_no_checksum", udp(chksum=0)), ("tcp", tcp()),
                       ("echo", icmp(8)), ("echo_reply", icmp(0)), ("gre", other(GRE_P)),
                       ("dccp", dccp), ("lite", udp_lite()), ("sctp", other(SCTP_P)),
                       ("tcp_first", part(tcp(), 0, 64, True)),
                       ("udp_later", part(udp(), 64, 108, False)),
                       ("udp_options", udp(opts=RECORD_ROUTE))):
        translated_error(name, make)
        translated_error(f"{name}_ttl", make, kind=11, code=0)
        if name != "udp_options":
            translated_error(f"{name}_28", make, cut=28)
    for cut in (29, 36, 37, 38, 39, 40):
        translated_error(f"tcp_{cut}", tcp(), cut=cut, half=36 if cut == 37 else None)
    translated_error("udp_parameter", udp(), kind=12, code=0)
    translated_error("udp_extended", udp(), length=32,
                     tail=b"\x20\0\xdf\xff\0\x08\x01\x01\0\x01\x01\x01")


# packet_make_icmp_error()

def marked(*flow):
    """UDP with every bit of the TOS octet set."""
    packet = udp()(*flow)
    packet.tos = 0xff
    return packet


def made_error(name, make, kind, code, mtu=0, flow=INSIDE, is_partial=False, quote=None):
    data = frame(make(*flow))
    quote = (quote or data[14:])[:576 - 28]
    head = ICMP(type=kind, code=code)
    if (kind, code) == (3, 4):
        head.nexthopmtu = mtu
    packet = make(*flow)
    tos = 0xc0 | packet.tos & 0x1c
    want = IP(src=ROUTER, dst=flow[0], tos=tos, id=0, flags="DF", ttl=64) / head / Raw(quote)
    T.add("make_error", name, in_=data, rx_partial=is_partial, type=kind, code=code, mtu=mtu,
          out=Frames(b"\0" * 12 + b"\x08\0" + bytes(want)))


def no_error(name, packet, dst=OWN):
    T.add("no_error", name, in_=frame(packet, dst), type=11, code=0)


def make_error_vectors():
    made_error("ttl", udp(), 11, 0, mtu=99)
    made_error("mtu", tcp(b"d" * 1460), 3, 4, mtu=1400)
    made_error("mtu_jumbo", udp(b"j" * 8900), 3, 4, mtu=1500)
    made_error("odd", udp(b"odd"), 3, 1)
    made_error("tos", marked, 11, 0)
    made_error("echo", icmp(8), 11, 0)
    made_error("options", udp(opts=b"\x01" * 40), 11, 0)
    made_error("first", part(udp(), 0, 64, True), 11, 0)
    made_error("gre_empty", other(GRE_P, b""), 11, 0)
    made_error("partial", partial(udp()), 11, 0, is_partial=True, quote=bytes(udp()(*INSIDE)))
    for kind in (3, 4, 5, 11, 12, 19, 255):
        no_error(f"icmp_{kind}", error(kind, 0, udp()(*OUTSIDE))(*INSIDE))
    no_error("later", part(udp(), 64, 108, False)(*INSIDE))
    no_error("multicast", ip("10.0.0.1", "239.1.1.1") / UDP())
    no_error("link_multicast", ip("10.0.0.1", "239.1.1.1") / UDP(), GROUP)


# packet_csum_finish() and packet_fragment()

def finish_vectors():
    for name, make in (("udp", udp()), ("udp_odd", udp(b"x")), ("udp_empty", udp(b"")),
                       ("udp_sum_zero", udp_sum_zero(*INSIDE)), ("udp_jumbo", udp(b"\xff" * 8901)),
                       ("tcp", tcp()), ("tcp_odd", tcp(b"x")), ("tcp_jumbo", tcp(b"\xfe" * 8000))):
        T.add("finish", name, in_=frame(partial(make)(*INSIDE)), rx_partial=True,
              out=Frames(frame(make(*INSIDE))))


def fragmented(name, make, mtu, first_options=b"", rest_options=b"", is_partial=False, base=0,
               last=True):
    data = frame(make(*INSIDE))
    whole = bytes((make if not is_partial else is_partial)(*INSIDE))
    p = IP(whole)
    body = whole[4 * p.ihl:]
    frames, off = [], 0
    while off < len(body):
        opts = options(rest_options if off else first_options)
        room = mtu - len(bytes(ip(*INSIDE[:2], **opts)))
        size = min(len(body) - off, room)
        more = off + size < len(body)
        size = size // 8 * 8 if more else size
        frames.append(frame(ip(*INSIDE[:2], proto=p.proto, frag=base + off // 8,
                               flags="MF" if more or not last else 0, **opts) /
                            Raw(body[off:off + size])))
        off += size
    T.add("fragment", name, in_=data, out=Frames(*frames), nb_out=len(frames), mtu=mtu,
          rx_partial=bool(is_partial))


def fragment_vectors():
    fragmented("udp_9000", udp(b"j" * 8972), 1500)
    fragmented("udp_just", udp(b"j" * 1473), 1500)
    fragmented("mtu_not_8", udp(b"j" * 3000), 1499)
    fragmented("least_mtu", udp(b"j" * 200), 68)
    fragmented("big_mtu", udp(b"k" * 8972), 4000)
    fragmented("partial", partial(tcp(b"p" * 3000)), 1500, is_partial=tcp(b"p" * 3000))
    mixed = RECORD_ROUTE + SECURITY
    fragmented("options", udp(b"o" * 3000, opts=mixed), 1500, mixed, SECURITY)
    fragmented("all_options", udp(b"o" * 100, opts=b"\x01" * 40), 68, b"\x01" * 40)
    whole = udp(b"f" * 9000)
    fragmented("first", part(whole, 0, 4000, True), 1500, last=False)
    fragmented("middle", part(whole, 4000, 8000, True), 1500, base=500, last=False)
    fragmented("last", part(whole, 8000, 9008, False), 700, base=1000)
    for name, packet, mtu, ret in (
            ("df", ip(*INSIDE[:2], flags="DF") / UDP() / Raw(b"d" * 2000), 1500, "-ENOTSUP"),
            ("fits", udp()(*INSIDE), 1500, "-EINVAL"),
            ("mtu_67", udp()(*INSIDE), 67, "-EINVAL"),
            ("too_many", udp(b"t" * 8900)(*INSIDE), 100, "-ENOBUFS")):
        T.add("no_fragment", name, in_=frame(packet), mtu=mtu, ret=Expr(ret))


def ttl_vectors():
    for ttl in (255, 128, 64, 2):
        for ident in (0, 4711, 0xffff):
            for proto in (UDP_P, 255):
                a, b = (frame(ip(*INSIDE[:2], ttl=t, id=ident, proto=proto) /
                              Raw(bytes(UDP(sport=5)))) for t in (ttl, ttl - 1))
                T.add("ttl", f"ttl_{ttl}_{ident}_{proto}", in_=a, out=Frames(b))


def main():
    for build in (parse_vectors, drop_headers, drop_addresses, drop_options, drop_fragments,
                  drop_l4, translate_vectors, error_vectors, make_error_vectors, finish_vectors,
                  fragment_vectors, ttl_vectors):
        build()
    T.write(sys.argv[1])


if __name__ == "__main__":
    main()
