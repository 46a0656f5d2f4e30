# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 the vrouter authors
"""Sessions over their lives: configured timers."""

import copy

import pytest
from scapy.layers.inet import ICMP, TCP, UDP

from test_nat import ip

TIMERS = {"tcp_transitory_s": 241, "udp_s": 400, "icmp_s": 90}


def configure(net, **timers):
    config = copy.deepcopy(net.config)
    config["nat"] = {"timeouts": timers}
    assert net.router.configure(config) == ""


@pytest.mark.parametrize("l4,name", [(UDP(sport=5000, dport=80), "udp_s"), (ICMP(id=7), "icmp_s"),
                                     (TCP(sport=5000, dport=80), "tcp_transitory_s")],
                         ids=["udp", "icmp", "tcp"])
def test_timers_are_configurable(net, l4, name):
    configure(net, **TIMERS)
    net.h1.send(ip(net.h1.ip, net.inet.ip, l4))
    net.router.advance(TIMERS[name] - 1)
    assert net.router.stats()["sessions"] == 1
    net.router.advance(3)
    assert net.router.stats()["sessions"] == 0


def test_sessions_that_exist_follow_their_timer(net):
    net.h1.send(ip(net.h1.ip, net.inet.ip, UDP(sport=5000, dport=80)))
    configure(net, udp_s=500)
    net.router.advance(450)
    assert net.router.stats()["sessions"] == 1  # neither by the old timer nor by the change
    configure(net, udp_s=120)
    net.router.advance(1)
    assert net.router.stats()["sessions"] == 0
