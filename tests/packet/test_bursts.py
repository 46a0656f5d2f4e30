# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 the vrouter authors
"""New flows whose first packets arrive together: they are looked for together, and made one by one."""

from scapy.layers.inet import IP, TCP, UDP
from scapy.packet import Raw

from router import hop, sent

SNAT, VIP = "203.0.113.1", "203.0.113.21"


def together(net, port, packets):
    """What becomes of packets that arrive together, each with a number as its last byte."""
    out = net.router.send_frames([(port, host.to_router(p / Raw(bytes([i]))))
                                  for i, (host, p) in enumerate(packets)])
    assert len(out) == len(packets)
    return [IP(o.frame[14:]) for o in sorted(out, key=lambda o: o.frame[-1])]


def test_new_flows_of_one_burst(net):
    """Each is made with what others of the burst have made before it."""
    known = IP(src=net.h1.ip, dst=net.inet.ip) / UDP(sport=6000, dport=1)
    known = IP(sent(net.h1.send(known)).frame[14:])[UDP].sport
    flows = [(net.h1, 6000, 1),                      # has a session
             (net.h1, 7000, 1), (net.h1b, 7000, 1),  # one of them keeps the port
             (net.h1, 6000, 2),                      # has a mapping
             (net.h1, 7000, 1),                      # the second packet
             (net.h1b, 7000, 2),                     # the second flow of an endpoint
             (net.h1, 8000, 1), (net.h1, 9000, 1)]
    packets = [IP(src=host.ip, dst=net.inet.ip) / UDP(sport=sport, dport=dport)
               for host, sport, dport in flows]
    outs = together(net, "vpc1", [(flow[0], p) for flow, p in zip(flows, packets)])
    for i, (p, out) in enumerate(zip(packets, outs)):
        assert bytes(out) == bytes(hop(p / Raw(bytes([i])), src=SNAT, sport=out[UDP].sport))
    ports = [out[UDP].sport for out in outs]
    assert ports[0] == ports[3] == known
    assert ports[1] == ports[4] and ports[2] == ports[5]
    assert ports[1] != ports[2] and 7000 in ports[1:3]
    assert ports[6:] == [8000, 9000]
    stats = net.router.stats()
    assert (stats["sessions"], stats["mappings"], stats["hosts"]) == (7, 5, 2)


def test_new_flows_of_a_forward_in_one_burst(net):
    packets = [IP(src=net.inet.ip, dst=VIP) / TCP(sport=6000 + n % 3, dport=8080)
               for n in range(4)]
    outs = together(net, "pub0", [(net.inet, p) for p in packets])
    assert [(out.dst, out[TCP].sport, out[TCP].dport) for out in outs] == [
        (net.h2.ip, 6000 + n % 3, 80) for n in range(4)]
    assert net.router.stats()["sessions"] == 3
