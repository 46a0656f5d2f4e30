# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 the vrouter authors
"""Sessions as an operator sees them: filtered, by pages, ended by filter, with the timers of the
configuration."""

import contextlib
import json
import socket

import pytest

import traffic
from vpc import H1, H2, INET, PUB0, VIP, snat_everywhere, vips
from wait import wait_until

FLOWS = 30
FIRST = 46000
SESSIONS = "/v1/state/nat/sessions"

SITE = {"vips": vips(), "snat": snat_everywhere(),
        "port_forwards": [{"name": "web", "vip": "vip-web", "protocol": "tcp", "ports": "8080",
                           "target": H2, "target_ports": "80"}]}


@contextlib.contextmanager
def udp_flows(site, port, count=FLOWS):
    """`count` flows from h1, source ports from FIRST on, whose sessions are there."""
    with contextlib.ExitStack() as stack:
        server = stack.enter_context(site.inet.socket(socket.SOCK_DGRAM, port))
        clients = [stack.enter_context(site.h1.socket(socket.SOCK_DGRAM, FIRST + i))
                   for i in range(count)]
        for client in clients:
            client.sendto(b"x", (INET, port))
            server.recvfrom(10)
        yield server, clients


@pytest.fixture(autouse=True)
def no_sessions(site):
    """Every test starts without sessions."""
    assert site.api.request("DELETE", SESSIONS + "?all=1").status == 200


def end(site, query):
    reply = site.api.request("DELETE", f"{SESSIONS}?{query}")
    assert reply.status == 200, reply.text
    return reply.json()["ended"]


def count(site, **filters):
    query = "&".join(f"{k}={v}" for k, v in filters.items())
    return site.api.get(f"{SESSIONS}?limit=1&{query}")["total"]


def test_filters_by_role(site):
    web = site.web(site.h2)
    with udp_flows(site, 7400):
        answer = traffic.fetch(site.inet, VIP, 8080)
        assert traffic.seen_client(web, answer) == INET
        assert count(site, protocol="udp") == count(site, outside=f"{INET}:7400") == FLOWS
        assert count(site, inside=H1, rule="vpc1-pub0") == FLOWS
        assert count(site, external=PUB0, uplink="pub0") == FLOWS
        assert count(site, source=f":{FIRST}-{FIRST + 9}") == 10
        assert count(site, inside=f"{H2}:80") == count(site, external=f"{VIP}:8080") == 1
        assert count(site, rule_kind="port_forward", outside=INET) == 1
        assert count(site, min_age=3600) == count(site, rule="nothing") == 0
        assert count(site) == FLOWS + 1
        rules = {r["name"]: r["sessions"] for r in site.api.items("state/nat/rules")}
        assert rules == {"vpc1-pub0": FLOWS, "vpc1-pub1": 0, "vpc2-pub0": 0, "vpc2-pub1": 0,
                         "web": 1}


def test_pages(site):
    with udp_flows(site, 7401):
        seen, cursor, pages = [], 0, 0
        while cursor is not None:
            page = site.api.get(f"{SESSIONS}?protocol=udp&limit=7&cursor={cursor}")
            assert page["total"] == (FLOWS if pages == 0 else None)
            seen += [s["source_port"] for s in page["items"]]
            cursor, pages = page["next"], pages + 1
        assert sorted(seen) == list(range(FIRST, FIRST + FLOWS))
        assert pages == 5


def test_ending_by_filter(site):
    with udp_flows(site, 7402) as (server, clients):
        assert end(site, f"source={H1}:{FIRST}") == 1
        assert count(site) == FLOWS - 1
        server.sendto(b"late", (PUB0, FIRST))  # nobody's any more, unlike the next one
        server.sendto(b"kept", (PUB0, FIRST + 1))
        assert clients[1].recvfrom(10)[0] == b"kept"
        clients[0].sendto(b"again", (INET, 7402))
        assert server.recvfrom(10)[0] == b"again"  # a flow that goes on gets a new session
        assert end(site, "protocol=tcp") == 0
        assert end(site, "rule=vpc1-pub0") == FLOWS
        assert count(site) == 0


def test_an_empty_filter_ends_nothing(site):
    with udp_flows(site, 7403, 2):
        for query in ("", "?all=0", "?all=1&protocol=udp", "?limit=1"):
            assert site.api.request("DELETE", SESSIONS + query).status == 400
        assert count(site) == 2
        assert end(site, "all=1") == 2


def test_vrctl(site):
    with udp_flows(site, 7404, 3):
        table = site.router.vrctl("nat", "sessions", "--inside", H1, "--rule-kind", "snat")
        assert table.stdout.count("vpc1-pub0") == 3
        page = site.router.vrctl("nat", "sessions", "--limit", "2")
        assert "the next page: --cursor" in page.stderr
        refused = site.router.vrctl("nat", "clear", check=False)
        assert refused.returncode == 1 and "all=1" in refused.stderr
        assert site.router.vrctl("nat", "clear", "--source", f"{H1}:{FIRST}").stdout.split() == [
            "ended", "1"]
        ended = site.router.vrctl("--json", "nat", "clear", "--all")
        assert json.loads(ended.stdout) == {"ended": 2}


def test_a_timer_that_changes_holds_for_sessions_that_exist(site):
    with udp_flows(site, 7405, 1):
        assert 290 <= site.sessions(protocol="udp")[0]["expires_s"] <= 300
        site.router.put(site.changed(nat={"timeouts": {"udp_s": 1000}}))
        try:
            session = wait_until(lambda: site.sessions(protocol="udp"))[0]
            assert 980 <= session["expires_s"] <= 1000
            assert session["age_s"] >= session["idle_s"]
        finally:
            site.router.put(site.config)


def test_ports_that_run_out_are_an_alarm_before(site):
    """A pool of ten ports, one of them (TCP) taken by a port forward."""
    rules = [{**s, "addresses": ["vip-web"], "port_range": "8075-8084",
              "max_sessions_per_host": 100} if s["name"] == "vpc1-pub0" else s
             for s in site.config["snat"]]
    site.router.put(site.changed(snat=rules))

    def ports(protocol):
        return [p for p in site.api.items("state/nat/ports")
                if (p["address"], p["protocol"]) == (VIP, protocol)][0]

    def alarms():
        return site.api.get("state")["dataplane"]["alarms"]

    try:
        wait_until(lambda: (ports("tcp")["max"], ports("udp")["max"]) == (9, 10))
        assert f"ports {VIP} udp" not in alarms()
        with udp_flows(site, 7406, 7):
            wait_until(lambda: ports("udp")["used"] == 7)
            assert not ports("udp")["alarm"]
        with udp_flows(site, 7407, 8):
            wait_until(lambda: f"ports {VIP} udp" in alarms())
            assert ports("udp")["used"] == 8 and ports("udp")["alarm"]
            limit = next(i for i in site.api.items("state/limits")
                         if i["name"] == f"ports {VIP} udp")
            assert (limit["used"], limit["max"], limit["alarm"]) == (8, 10, True)
            metrics = site.api.request("GET", "/metrics").text
            assert f'vrouter_nat_ports_used{{address="{VIP}",protocol="udp"}} 8' in metrics
            assert "yes" in site.router.vrctl("nat", "ports").stdout
    finally:
        site.router.put(site.config)
    wait_until(lambda: not alarms())
