# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 the vrouter authors
"""Forwarding without translation: routes, TTL, MTU, neighbours, local traffic."""

from scapy.layers.inet import ICMP, IP, TCP, UDP, fragment
from scapy.layers.l2 import ARP, Ether
from scapy.packet import Raw

from router import expect, hop, sent


def udp(src, dst, **ip):
    return IP(bytes(IP(src=src, dst=dst, **ip) / UDP(sport=1000, dport=2000) / b"payload"))


def icmp_error(net_host, router_ip, packet, **icmp):
    """The ICMP error that the router must send about `packet` (RFC 792, RFC 1812 4.3.2): atomic
    (RFC 6864 4), so that its id need not be unique."""
    tos = 0xc0 | packet.tos & 0x1c
    return IP(bytes(IP(src=router_ip, dst=net_host.ip, ttl=64, tos=tos, id=0, flags="DF") /
                    ICMP(**icmp) / bytes(packet)[:548]))


def test_private_to_private(net):
    p = udp(net.h1.ip, net.h2.ip)
    expect(net.h1.send(p), net.h2, hop(p))


def test_options_and_tos_are_kept(net):
    p = IP(bytes(IP(src=net.h1.ip, dst=net.h2.ip, tos=0xb8, options=b"\x94\x04\x00\x00") /
                 UDP(sport=1, dport=2) / b"x"))
    expect(net.h1.send(p), net.h2, hop(p))


def test_static_route(net):
    p = udp(net.h1.ip, "192.168.101.7")
    expect(net.h1.send(p), net.h2, hop(p))


def test_padding_is_removed(net):
    p = IP(bytes(IP(src=net.h1.ip, dst=net.h2.ip) / UDP(sport=1, dport=2) / b"x"))
    frame = bytes(net.h1.to_router(p)) + b"\xaa" * 20
    expect(net.router.send(net.h1.port, frame), net.h2, hop(p))


def test_bad_l4_checksum_stays_bad(net):
    p = IP(bytes(IP(src=net.h1.ip, dst=net.h2.ip) / UDP(sport=1, dport=2, chksum=0x1234) / b"x"))
    out = IP(sent(net.h1.send(p)).frame[14:])
    assert out[UDP].chksum == 0x1234


def test_ttl_expires(net):
    p = udp(net.h1.ip, net.h2.ip, ttl=1)
    expect(net.h1.send(p), net.h1, icmp_error(net.h1, "192.168.10.1", p, type=11, code=0))
    assert net.router.stats()["drops"]["ttl"] == 1


def test_ttl_of_snat_quotes_the_original(net):
    p = udp(net.h1.ip, net.inet.ip, ttl=1)
    expect(net.h1.send(p), net.h1, icmp_error(net.h1, "192.168.10.1", p, type=11, code=0))
    assert net.router.stats()["sessions"] == 0


def test_error_has_the_tos_of_the_packet(net):
    p = udp(net.h1.ip, net.h2.ip, ttl=1, tos=0xff)
    expect(net.h1.send(p), net.h1, icmp_error(net.h1, "192.168.10.1", p, type=11, code=0))


def test_no_error_about_an_error_or_a_fragment(net):
    quoted = udp(net.h2.ip, net.h1.ip)
    error = IP(src=net.h1.ip, dst=net.h2.ip, ttl=1) / ICMP(type=3, code=1) / bytes(quoted)
    assert net.h1.send(IP(bytes(error))) == []
    late = IP(src=net.h1.ip, dst=net.h2.ip, ttl=1, frag=10, proto=17) / Raw(b"x" * 64)
    assert net.h1.send(IP(bytes(late))) == []
    assert net.router.stats()["drops"]["ttl"] == 2


def test_blackhole_unreachable_prohibit(net):
    assert net.h1.send(udp(net.h1.ip, "172.30.1.1")) == []
    p = udp(net.h1.ip, "172.31.1.1")
    expect(net.h1.send(p), net.h1, icmp_error(net.h1, "192.168.10.1", p, type=3, code=1))
    p = udp(net.h1.ip, "172.29.1.1")
    expect(net.h1.send(p), net.h1, icmp_error(net.h1, "192.168.10.1", p, type=3, code=13))
    drops = net.router.stats()["drops"]
    assert (drops["blackhole"], drops["unreachable"], drops["prohibit"]) == (1, 1, 1)


def test_jumbo_is_fragmented_or_refused(net):
    big = IP(bytes(IP(src=net.h1.ip, dst=net.h2.ip, id=77) / UDP(sport=1, dport=2) / (b"ab" * 1600)))
    outs = net.h1.send(big, segment=500)
    want = [bytes(f) for f in fragment(hop(big), fragsize=1480)]
    assert [o.frame for o in outs] == [net.h2.from_router(IP(f)) for f in want]
    df = IP(bytes(IP(src=net.h1.ip, dst=net.h2.ip, flags="DF") / UDP() / (b"ab" * 1600)))
    out = IP(sent(net.h1.send(df)).frame[14:])
    assert (out[ICMP].type, out[ICMP].code, out[ICMP].nexthopmtu) == (3, 4, 1500)


def test_multi_segment_and_partial_checksum(net):
    p = IP(bytes(IP(src=net.h1.ip, dst=net.h2.ip) / TCP(sport=1, dport=2) / (b"z" * 1000)))
    expect(net.h1.send(p, segment=200), net.h2, hop(p))
    pseudo = (0xc0a8 + 0x0a0a + 0xc0a8 + 0x0b0a + 6 + 20 + 1000)
    partial = bytearray(bytes(p))
    partial[36:38] = ((pseudo & 0xffff) + (pseudo >> 16)).to_bytes(2, "big")
    out = sent(net.h1.send(IP(bytes(partial)), partial=True))
    assert out.partial
    assert out.frame[14 + 36:14 + 38] == partial[36:38]


def test_neighbour_is_waited_for(net):
    p = udp(net.h1.ip, "192.168.11.77")
    assert net.h1.send(p) == []
    assert net.router.stats()["accounts"]["held"] == 1
    net.router.neighbour("vpc2", "192.168.11.77", "02:00:00:00:09:09")
    out = sent(net.router.advance(0))
    assert out.frame[:6] == bytes.fromhex("020000000909")
    assert out.frame[14:] == bytes(hop(p))


def test_a_neighbour_that_the_kernel_forgot_is_asked_for_again(net):
    """Who waits for it may be the last to want it: a host that sends no more than a few packets."""
    known = net.router.stats()["neighbours"]
    p = udp(net.h1.ip, "192.168.11.79")
    assert net.h1.send(p) == []
    assert net.router.stats()["neighbours"] == known + 1
    net.router.neighbour_forgotten("vpc2", "192.168.11.79")
    assert net.router.stats()["neighbours"] == known
    assert net.router.advance(1) == []
    assert net.router.stats()["neighbours"] == known + 1
    net.router.neighbour("vpc2", "192.168.11.79", "02:00:00:00:09:0a")
    assert sent(net.router.advance(0)).frame[14:] == bytes(hop(p))


def test_neighbour_never_answers(net):
    p = udp(net.h1.ip, "192.168.11.78")
    for _ in range(5):
        assert net.h1.send(p) == []
    assert net.router.stats()["drops"]["neighbour_queue"] == 1
    outs = net.router.advance(5)
    assert [IP(o.frame[14:])[ICMP].code for o in outs] == [1] * 4
    assert net.router.stats()["drops"]["neighbour_timeout"] == 4


def test_arp_and_local_traffic_reach_the_kernel(net):
    arp = Ether(src=net.h1.mac, dst="ff:ff:ff:ff:ff:ff") / ARP(
        psrc=net.h1.ip, pdst="192.168.10.1", hwsrc=net.h1.mac)
    outs = net.router.send("vpc1", arp)
    assert [(o.port, o.kind, o.frame) for o in outs] == [("vpc1", "punted", bytes(arp))]
    ping = net.h1.to_router(IP(src=net.h1.ip, dst="192.168.10.1") / ICMP(id=7))
    outs = net.router.send("vpc1", ping)
    assert [(o.port, o.kind, o.frame) for o in outs] == [("vpc1", "punted", bytes(ping))]


def test_a_flood_of_pings_costs_no_answers(net):
    """The router watches its uplinks by pings of its own: who pings it does not hide the answers."""
    ask = net.inet.to_router(IP(src=net.inet.ip, dst="203.0.113.1") / ICMP(id=7))
    answer = net.inet.to_router(IP(src=net.inet.ip, dst="203.0.113.1") / ICMP(type=0, id=20000))
    for _ in range(8):  # 256 at once are over any rate
        net.router.send_frames([("pub0", ask)] * 32)
    assert net.router.stats()["drops"]["punt_policed"] > 100
    # Behind those that take what the bucket got meanwhile.
    outs = net.router.send_frames([("pub0", ask)] * 31 + [("pub0", answer)])
    assert ("pub0", "punted", bytes(answer)) in [(o.port, o.kind, o.frame) for o in outs]


def test_kernel_packets_leave_unchanged(net):
    frame = bytes(Ether(src="02:00:00:00:00:01", dst=net.h1.mac) /
                  IP(src="192.168.10.1", dst=net.h1.ip) / ICMP(type=0, id=7))
    out = sent(net.router.send("vpc1", frame, kind="k"))
    assert (out.port, out.frame) == ("vpc1", frame)


def test_closed_port_is_rejected(net):
    p = udp(net.h1.ip, "192.168.10.1")
    expect(net.h1.send(p), net.h1, icmp_error(net.h1, "192.168.10.1", p, type=3, code=3))
    assert net.inet.send(udp(net.inet.ip, "203.0.113.1")) == []  # a SNAT address stays silent
    drops = net.router.stats()["drops"]
    assert (drops["local_reject"], drops["local_silent"]) == (1, 1)


def test_a_burst_in_which_packets_are_cut(net):
    """A port sends at once what is cut, and what came before it: as often as there is cause."""
    small = udp(net.h1.ip, net.h2.ip)
    big = IP(bytes(IP(src=net.h1.ip, dst=net.h2.ip, id=77) / UDP(sport=1, dport=2) / (b"ab" * 800)))
    back = udp(net.h2.ip, net.h1.ip)
    mixed = [net.h1.to_router(p) for p in (small, small, big, big)]  # two queues
    outs = net.router.send_frames(
        [(net.h2.port, net.h2.to_router(back))] + [(net.h1.port, f) for f in mixed] * 60)
    assert [o.frame for o in outs if o.port == net.h1.port] == [net.h1.from_router(hop(back))]
    cut = [net.h2.from_router(IP(bytes(f))) for f in fragment(hop(big), fragsize=1480)]
    want = [net.h2.from_router(hop(small)), *cut]
    assert sorted(o.frame for o in outs if o.port == net.h2.port) == sorted(want * 120)
