# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 the vrouter authors
"""Death and return of the processes: control keeps the TAPs of a data plane that died, so that
links, addresses and routes stay, and configures the next one."""

import json
import select
import signal
import socket

import pytest
import traffic
from vpc import EIP, H1, H2, INET, PUB0, snat_everywhere, vips
from wait import wait_until

SITE = {"vips": vips(), "snat": snat_everywhere(),
        "eips": [{"name": "eip-h1", "vip": "vip-eip", "target": H1}],
        "routes": [{"destination": "172.30.0.0/16", "type": "blackhole"}]}


def index(site, host):
    """The netdev's index: another one would be another netdev."""
    return site.hosts[host].ip("-o", "link", "show", "eth0").stdout.split(":")[0]


def restart_dataplane(site, number):
    site.router.dataplane.stop(number)
    site.router.start_dataplane()

    def configured():
        state = site.api.get("state/dataplane")
        return state["connected"] and state["generation"] > 0
    wait_until(configured, what="control configures the new data plane")
    wait_until(site.router.links_up, what="every link is up")


def works(site):
    web = site.web(site.inet)
    assert traffic.ping(site.h1, H2).ok
    assert traffic.ping(site.inet, EIP).ok
    answer = traffic.fetch(site.h2, INET)
    assert answer.body == "inet", answer.error
    assert traffic.seen_client(web, answer) == PUB0


def test_a_killed_data_plane_is_replaced(site):
    works(site)
    netdevs = {h: index(site, h) for h in site.hosts}
    addresses, routes = site.router.kernel_addresses(), site.router.kernel_routes()
    restart_dataplane(site, signal.SIGKILL)
    assert {h: index(site, h) for h in site.hosts} == netdevs
    assert site.router.kernel_addresses() == addresses
    assert site.router.kernel_routes() == routes
    works(site)


def test_a_stopped_data_plane_is_replaced(site):
    restart_dataplane(site, signal.SIGTERM)
    works(site)


def test_while_the_data_plane_is_away(site):
    """State that control has is answered, a change is accepted and applied later."""
    site.router.dataplane.stop(signal.SIGKILL)
    wait_until(lambda: not site.api.get("state/dataplane")["connected"])
    assert site.api.request("GET", "/healthz").status == 503
    assert site.api.request("GET", "/v1/state/nat/sessions").status == 503
    assert site.api.get("config") == site.config
    without = site.changed(eips=[])
    reply = site.api.request("PUT", "/v1/config", without)
    assert reply.status == 200, reply.text
    assert site.api.get("state")["status"] == "degraded"
    site.router.start_dataplane()
    wait_until(lambda: site.api.get("state")["status"] == "ok")
    wait_until(site.router.links_up)
    assert not traffic.ping(site.inet, EIP, 1, timeout_s=1).received
    site.router.put(site.config)
    works(site)


def test_both_restart(site):
    site.router.stop()
    site.router.start()
    wait_until(lambda: site.api.get("state")["status"] == "ok")
    for host in site.hosts.values():
        host.attach()
    wait_until(site.router.links_up)
    assert site.api.get("config") == site.config
    works(site)


def many_vips(net):
    """A configuration whose commit takes a while, told apart from others by its third octet."""
    return {"vips": [{"name": f"v{n}", "address": f"203.0.113.{n}", "interface": "pub0"}
                     for n in range(100 + net * 50, 140 + net * 50)],
            "eips": [], "snat": snat_everywhere(),
            "routes": [{"destination": f"172.{16 + net}.{n}.0/24", "type": "blackhole"}
                       for n in range(50)]}


def send_put(site, config):
    """Sends a PUT without waiting; the connection's socket, readable once it is answered."""
    body = json.dumps(config).encode()
    s = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    s.connect(site.api.path)
    s.sendall(b"PUT /v1/config HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
              b"Content-Length: %d\r\n\r\n" % len(body) + body)
    return s


@pytest.mark.parametrize("victim", ["control", "dataplane"])
def test_killed_in_the_middle_of_a_commit(site, victim):
    """Whatever the moment: the configuration is the old or the new one, whole, everywhere; an
    acknowledged one is never lost. Traffic that neither touches goes on."""
    states = [site.changed(**many_vips(n)) for n in (0, 1)]
    site.router.put(states[0])
    current = 0
    for step in range(12):
        with send_put(site, states[1 - current]) as s:
            answered = select.select([s], [], [], step * 0.004)[0] != []
            process = getattr(site.router, victim)
            process.stop(signal.SIGKILL)
            acknowledged = answered and s.recv(65536).startswith(b"HTTP/1.1 200")
            if victim == "dataplane":  # control answers, one way or the other
                acknowledged = acknowledged or s.recv(65536).startswith(b"HTTP/1.1 200")
        if victim == "control":
            assert traffic.ping(site.h1, H2, 1).ok
        getattr(site.router, f"start_{victim}")()
        wait_until(lambda: site.api.get("state")["status"] == "ok")
        stored = site.api.get("config")
        assert stored in states
        assert not acknowledged or stored == states[1 - current]
        current = states.index(stored)
        addresses = {a for a in site.router.kernel_addresses() if a.startswith("pub0 203.0.113.1")}
        wanted = {f"pub0 {v['address']}/24" for v in stored["vips"]} | {f"pub0 {PUB0}/24"}
        assert addresses == {a for a in wanted if a.startswith("pub0 203.0.113.1")}
        local = {r["prefix"] for r in site.api.items("state/routes") if r["type"] == "local"}
        assert {f"{v['address']}/32" for v in stored["vips"]} <= local
        wait_until(lambda: traffic.ping(site.h1, H2, 1, timeout_s=1).ok)
    site.router.put(site.config)
    wait_until(site.router.links_up)
    works(site)
