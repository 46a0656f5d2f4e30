# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 the vrouter authors
"""Packets of flows that are known: the third packet of a flow takes a way of its own through the
graph, and must look like the first one. Each test sends a packet again and again."""

import copy

import pytest
from scapy.layers.inet import ICMP, IP, TCP, UDP, fragment
from scapy.packet import Raw

from router import expect, hop, sent

AGAIN = 4
REMOTE = "203.0.113.10"
UPLINK, EIP, FORWARD = "203.0.113.1", "203.0.113.20", "203.0.113.21"


def tcp(src, dst, sport, dport, flags="A", data=b"data", **ip):
    return IP(bytes(IP(src=src, dst=dst, **ip) / TCP(sport=sport, dport=dport, flags=flags) /
                    Raw(data)))


def udp(src, dst, sport, dport, data=b"data", **more):
    return IP(bytes(IP(src=src, dst=dst) / UDP(sport=sport, dport=dport, **more) / Raw(data)))


def again(host, packet, to, wanted, **kwargs):
    for _ in range(AGAIN):
        expect(host.send(packet, **kwargs), to, wanted)


@pytest.mark.parametrize("make", [tcp, udp])
def test_snat_there_and_back(net, make):
    there = make(net.h1.ip, REMOTE, 4001, 80)
    back = make(REMOTE, UPLINK, 80, 4001)
    again(net.h1, there, net.inet, hop(there, src=UPLINK))
    again(net.inet, back, net.h1, hop(back, dst=net.h1.ip))
    again(net.h1, there, net.inet, hop(there, src=UPLINK))


@pytest.mark.parametrize("make,port,inside,target", [
    (tcp, 8080, 80, "h2"), (tcp, 6000, 6000, "h2"), (udp, 53, 53, "h1")])
def test_forward_there_and_back(net, make, port, inside, target):
    target = getattr(net, target)
    there = make(REMOTE, FORWARD, 4002, port)
    back = make(target.ip, REMOTE, inside, 4002)
    again(net.inet, there, target, hop(there, dst=target.ip, dport=inside))
    again(target, back, net.inet, hop(back, src=FORWARD, sport=port))


@pytest.mark.parametrize("make", [tcp, udp])
def test_eip_there_and_back(net, make):
    there = make(REMOTE, EIP, 4003, 80)
    back = make(net.eip.ip, REMOTE, 80, 4003)
    again(net.inet, there, net.eip, hop(there, dst=net.eip.ip))
    again(net.eip, back, net.inet, hop(back, src=EIP))


def test_ping(net):
    there = IP(bytes(IP(src=net.h1.ip, dst=REMOTE) / ICMP(id=4711, seq=1) / Raw(b"ping")))
    back = IP(bytes(IP(src=REMOTE, dst=UPLINK) / ICMP(type=0, id=4711, seq=1) / Raw(b"ping")))
    again(net.h1, there, net.inet, hop(there, src=UPLINK))
    again(net.inet, back, net.h1, hop(back, dst=net.h1.ip))


@pytest.mark.parametrize("host,dst", [("h1", FORWARD), ("h2", FORWARD), ("h1", EIP)])
def test_hairpin(net, host, dst):
    """The client has to see the address that it asked, whichever way its packets take."""
    host = getattr(net, host)
    target = net.eip if dst == EIP else net.h2
    there = tcp(host.ip, dst, 4004, 8080)
    seen = {bytes(sent(host.send(there)).frame) for _ in range(AGAIN)}
    assert len(seen) == 1
    out = IP(seen.pop()[14:])
    assert out.dst == target.ip
    back = tcp(target.ip, out.src, out[TCP].dport, out[TCP].sport)
    again(target, back, host, hop(back, src=dst, dst=host.ip, sport=8080, dport=4004))


def test_no_udp_checksum_stays_none(net):
    there = udp(net.h1.ip, REMOTE, 4005, 80, chksum=0)
    again(net.h1, there, net.inet, hop(there, src=UPLINK))
    for more in ({}, {"flags": "MF"}):  # and of a first fragment
        there = IP(bytes(IP(src=REMOTE, dst=EIP, **more) / UDP(sport=4005, dport=80, chksum=0) /
                         Raw(b"whatever")))
        again(net.inet, there, net.eip, hop(there, dst=net.eip.ip))


def data_for(checksum, data):
    """What data of two bytes makes a computed 0 of a checksum that was made with `data`."""
    return ((checksum + int.from_bytes(data, "big")) % 0xffff).to_bytes(2, "big")


def test_a_checksum_of_zero_is_sent_as_ones(net):
    data = b"ab"
    for source in (net.h1.ip, UPLINK):  # before and after translation
        data = data_for(udp(source, REMOTE, 4006, 80, data)[UDP].chksum, data)
        assert udp(source, REMOTE, 4006, 80, data)[UDP].chksum == 0xffff
        there = udp(net.h1.ip, REMOTE, 4006, 80, data)
        again(net.h1, there, net.inet, hop(there, src=UPLINK))


def test_any_checksum(net):
    for n in range(0, 65536, 1171):
        there = udp(net.h1.ip, REMOTE, 4006, 80, n.to_bytes(2, "big"))
        expect(net.h1.send(there), net.inet, hop(there, src=UPLINK))
        back = udp(REMOTE, UPLINK, 80, 4006, n.to_bytes(2, "big"))
        expect(net.inet.send(back), net.h1, hop(back, dst=net.h1.ip))


def test_partial_checksum_stays_partial(net):
    there = tcp(net.h1.ip, REMOTE, 4007, 80)
    pseudo = sum(int.from_bytes(bytes(there)[i:i + 2], "big") for i in range(12, 20, 2)) + 6 + 24
    pseudo = (pseudo & 0xffff) + (pseudo >> 16)
    partial = bytearray(bytes(there))
    partial[36:38] = ((pseudo & 0xffff) + (pseudo >> 16)).to_bytes(2, "big")
    for _ in range(AGAIN):
        out = sent(net.h1.send(IP(bytes(partial)), partial=True))
        assert out.partial
        moved = IP(out.frame[14:])
        assert moved.src == UPLINK
        want = sum(int.from_bytes(out.frame[14 + i:16 + i], "big") for i in range(12, 20, 2)) + 30
        want = (want & 0xffff) + (want >> 16)
        assert moved[TCP].chksum == (want & 0xffff) + (want >> 16)


def test_ttl_and_size_are_checked_as_ever(net):
    there = tcp(net.h1.ip, REMOTE, 4008, 80)
    again(net.h1, there, net.inet, hop(there, src=UPLINK))
    last = tcp(net.h1.ip, REMOTE, 4008, 80, ttl=1)
    error = IP(sent(net.h1.send(last)).frame[14:])
    assert (error[ICMP].type, error.dst, bytes(error[ICMP].payload)[12:16]) == (
        11, net.h1.ip, bytes(last)[12:16])
    big = tcp(net.h1.ip, REMOTE, 4008, 80, data=b"x" * 1600, flags="A")
    big.flags = "DF"
    del big.chksum
    error = IP(sent(net.h1.send(IP(bytes(big)))).frame[14:])
    assert (error[ICMP].type, error[ICMP].code) == (3, 4)
    again(net.h1, there, net.inet, hop(there, src=UPLINK))


def in_one_queue(host, packets):
    """What comes out of a burst of the host, which a port's two queues receive in turn; one of the
    queues has other packets."""
    other = udp(host.ip, "192.168.10.1", 4017, 9)
    outs = host.router.send_frames(
        [(host.port, host.to_router(p)) for packet in packets for p in (packet, other)])
    return [o.frame for o in outs if o.port != host.port]


def test_packets_of_a_burst_keep_their_order(net):
    """Also those that are cut, or are fragments, which take ways of their own."""
    small, big = (udp(net.h1.ip, REMOTE, 4016, 80, b"x" * n) for n in (4, 1600))
    again(net.h1, small, net.inet, hop(small, src=UPLINK))
    cut = [IP(bytes(f)) for f in fragment(hop(big, src=UPLINK), fragsize=1480)]
    want = [net.inet.from_router(p) for p in [*cut, hop(small, src=UPLINK)]]
    assert in_one_queue(net.h1, [big, small]) == want
    whole, split = (udp(net.h1b.ip, net.h2.ip, 4016, 80, c * 64) for c in (b"x", b"y"))
    pieces, gone = ([IP(bytes(f)) for f in fragment(p, fragsize=40)] for p in (split, hop(split)))
    want = [net.h2.from_router(p) for p in (*gone, hop(whole))]
    assert in_one_queue(net.h1b, [*pieces, whole]) == want


def test_the_mss_of_a_syn_is_clamped(net):
    syn = IP(bytes(IP(src=net.h1.ip, dst=REMOTE) / TCP(
        sport=4009, dport=80, flags="S", options=[("MSS", 9000)])))
    for _ in range(AGAIN):
        out = IP(sent(net.h1.send(syn)).frame[14:])
        assert dict(out[TCP].options)["MSS"] == 1460
        want = IP(bytes(out))
        del want[TCP].chksum
        assert bytes(IP(bytes(want))) == bytes(out)


def test_a_reset_is_noted(net):
    """What changes a session is not passed over: after the transitory time it is gone."""
    there = tcp(net.h1.ip, REMOTE, 4010, 80)
    again(net.h1, there, net.inet, hop(there, src=UPLINK))
    net.h1.send(tcp(net.h1.ip, REMOTE, 4010, 80, flags="R"))
    net.router.advance(300)
    back = tcp(REMOTE, UPLINK, 80, 4010)
    assert all(o.kind == "punted" for o in net.inet.send(back))


def test_a_neighbour_has_another_address(net):
    there = tcp(net.h1.ip, REMOTE, 4011, 80)
    again(net.h1, there, net.inet, hop(there, src=UPLINK))
    net.inet.mac = "02:00:00:00:77:77"
    net.router.neighbour("pub0", REMOTE, net.inet.mac)
    again(net.h1, there, net.inet, hop(there, src=UPLINK))


def test_a_route_changes(net):
    """The cached path is asked for at once."""
    far = "20.28.1.1"
    config = copy.deepcopy(net.config)
    route = {"destination": "20.28.0.0/16", "type": "static", "next_hop": REMOTE}
    config["routes"].append(route)
    net.router.configure(config)
    there = tcp(net.h1.ip, far, 4012, 80)
    again(net.h1, there, net.inet, hop(there, src=UPLINK))
    route["next_hop"] = net.office.ip
    net.router.configure(config)
    again(net.h1, there, net.office, hop(there, src=UPLINK))
    config["routes"].remove(route)
    config["routes"].append({"destination": "20.28.0.0/16", "type": "blackhole"})
    net.router.configure(config)
    assert net.h1.send(there) == []


def test_an_uplink_changes(net):
    """A flow does not leave by an uplink whose address it does not have."""
    far = "20.28.1.1"
    config = copy.deepcopy(net.config)
    route = {"destination": "20.28.0.0/16", "type": "static", "next_hop": REMOTE}
    config["routes"].append(route)
    net.router.configure(config)
    there = tcp(net.h1.ip, far, 4013, 80)
    again(net.h1, there, net.inet, hop(there, src=UPLINK))
    route["next_hop"] = net.isp2.ip
    net.router.configure(config)
    again(net.h1, there, net.isp2, hop(there, src="198.51.100.1"))


def test_a_host_gets_an_eip(net):
    """A new rule takes its flows at once, and gives them back."""
    there = tcp(net.h1b.ip, REMOTE, 4014, 80)
    again(net.h1b, there, net.inet, hop(there, src=UPLINK))
    config = copy.deepcopy(net.config)
    config["eips"].append({"name": "eip3", "vip": "vip-bare", "target": net.h1b.ip})
    net.router.configure(config)
    net.router.advance(1)
    again(net.h1b, there, net.inet, hop(there, src="203.0.113.23"))
    net.router.configure(copy.deepcopy(net.config))
    net.router.advance(1)
    again(net.h1b, there, net.inet, hop(there, src=UPLINK))


def test_private_to_private_is_left_alone(net):
    for make in (tcp, udp):
        there = make(net.h1.ip, net.h2.ip, 4015, 80)
        again(net.h1, there, net.h2, hop(there))
        assert net.router.stats()["drops"]["nat_no_session"] == 0
