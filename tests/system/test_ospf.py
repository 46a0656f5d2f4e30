# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 the vrouter authors
"""OSPF with real FRR routers as neighbours: adjacencies, areas, authentication, routes, traffic."""

import time

import netns
import pytest
import traffic
from ospf import (H1, HOST1, HOST2, HOST3, NET1, NET2, NET3, R1, R2, R3, ROUTER_ID, OspfSite)
from wait import Timeout, wait_until

P1, P2, P3 = "10.1.0.2", "10.2.0.2", "10.3.0.2"  # the peers' addresses
PASSIVE = {"name": "vpc1", "passive": True}


@pytest.fixture(scope="module")
def site(lab):
    made = OspfSite(lab)
    yield made
    made.stop()


@pytest.fixture(autouse=True)
def settled(site):
    """Every test begins and ends with the site's configuration and all neighbours."""
    site.put()
    site.wait_full()
    yield
    site.start_peers()
    site.put()


def area(number, *interfaces, **more):
    return {"id": number, "interfaces": list(interfaces), **more}


def reaches(site, address, deadline_s=30):
    wait_until(lambda: traffic.ping(site.h1, address, 1, timeout_s=1).ok, deadline_s,
               f"h1 reaches {address}")


def test_networks_behind_routers_reach_each_other(site):
    """The two-router walk-through: a network each, no SNAT, area 0."""
    for address in (HOST1, HOST2, HOST3):
        reaches(site, address)
    assert traffic.ping(site.hosts["r3"], H1).ok
    assert site.api.get("state")["status"] == "ok"


def test_state_and_vrctl(site):
    state = site.state()
    assert state["configured"] and state["running"] and state["router_id"] == ROUTER_ID
    assert {n["router_id"]: (n["state"], n["address"], n["interface"], n["area"])
            for n in state["neighbours"]} == {
        R1: ("Full", P1, "pub0", "0.0.0.0"), R2: ("Full", P2, "pub1", "0.0.0.0"),
        R3: ("Full", P3, "vpc2", "0.0.0.0")}
    assert all(n["full_for_s"] >= 0 and 0 < n["dead_in_s"] <= 4 for n in state["neighbours"])
    interfaces = {i["name"]: i for i in state["interfaces"]}
    assert interfaces["pub0"]["up"] and interfaces["pub0"]["neighbours"] == 1
    assert interfaces["pub0"]["cost"] == 10 and interfaces["vpc1"]["passive"]
    assert [(a["id"], a["type"], a["neighbours_full"]) for a in state["areas"]] == [
        ("0.0.0.0", "standard", 3)]
    assert state["problems"] == []
    wait_until(lambda: {r["prefix"]: (r["next_hop"], r["interface"], r["installed"])
                        for r in site.api.items("state/ospf/routes") if r["selected"]}.items() >= {
        NET1: (P1, "pub0", True), NET3: (P3, "vpc2", True)}.items())
    shown = site.router.vrctl("ospf").stdout
    assert all(i in shown for i in (R1, R2, R3, "Full"))
    assert "0.0.0.0" in site.router.vrctl("show", "ospf-areas").stdout
    assert "pub1" in site.router.vrctl("show", "ospf-interfaces").stdout
    assert NET2 in site.router.vrctl("show", "ospf-routes").stdout
    assert site.router.vrctl("show", "ospf-problems").returncode == 0


def test_a_pulled_cable_is_noticed_at_once(site, figure):
    """By the mirror's carrier, not by four seconds without a hello."""
    reaches(site, HOST1)
    site.wait_route(NET1, P1)
    ends = site.ends(R1)
    begin = time.monotonic()
    site.cut("r1")
    try:
        wait_until(lambda: site.neighbour(R1) is None, what="the neighbour is given up")
        took = time.monotonic() - begin
        wait_until(lambda: site.ends(R1) == ends + ["KillNbr"], what="ospfd says why")
        site.wait_route(NET1, P2)
        reaches(site, HOST1)
        assert "the link is down" in site.problems("pub0")[0]
    finally:
        site.mend("r1")
    figure(f"pulled cable: the adjacency ends after {took:.2f} s")
    site.wait_full()
    site.wait_route(NET1, P1)


def test_a_silent_failure_is_routed_around(site, figure):
    """Hello 1 s, dead 4 s: within 5 s, and 2 s for a new adjacency to forward, on a machine that has
    time for it; the limit is far below the default dead interval of 40 s."""
    site.wait_route(NET1, P1)
    ends = site.ends(R1)
    rules = ("table ip silent {\n chain in {\n type filter hook input priority 0\n"
             " iifname eth0 ip protocol ospf drop\n }\n chain out {\n type filter hook output priority 0\n"
             " oifname eth0 ip protocol ospf drop\n }\n}\n")
    namespace = site.hosts["r1"].netns
    begin = time.monotonic()
    netns.run(["nft", rules], netns=namespace)
    try:
        site.wait_route(NET1, P2)
        lost = time.monotonic() - begin
        # r1 may have noticed first, and told r2.
        wait_until(lambda: site.ends(R1) == ends + ["InactivityTimer"], what="ospfd gives r1 up")
    finally:
        begin = time.monotonic()
        netns.run(["nft", "delete", "table", "ip", "silent"], netns=namespace)
    site.wait_route(NET1, P1)
    figure(f"silent failure: routed around after {lost:.2f} s, back after "
           f"{time.monotonic() - begin:.2f} s")
    assert lost < 15


def test_another_area_disturbs_no_other_adjacency(site):
    before = {i: site.neighbour(i) for i in (R1, R2)}
    site.put(ospf=site.ospf(areas=[area(0, PASSIVE, "pub0", "pub1"),
                                   area(1, "vpc2", type="stub")]))
    reset(site.r3)
    site.r3.ospf(R3, {"eth0": 1, "net0": 1}, " area 1 stub\n")
    wait_until(lambda: (site.neighbour(R3) or {}).get("area") == "0.0.0.1")
    site.wait_full()
    reaches(site, HOST3)
    after = {i: site.neighbour(i) for i in (R1, R2)}
    for i in (R1, R2):
        assert after[i]["state_changes"] == before[i]["state_changes"]
        assert after[i]["full_for_s"] > before[i]["full_for_s"]
    reset(site.r3)


@pytest.mark.parametrize("kind", ["stub", "nssa"])
def test_areas_with_less_in_them(site, kind):
    """r3 is in the area: it learns what is outside by the router's default or summaries."""
    site.put(ospf=site.ospf(areas=[area(0, PASSIVE, "pub0", "pub1"),
                                   area("0.0.0.7", "vpc2", type=kind)]))
    reset(site.r3)
    site.r3.ospf(R3, {"eth0": 7, "net0": (7, " ip ospf passive\n")}, f" area 7 {kind}\n")
    site.wait_full()
    areas = {a["id"]: a["type"] for a in site.state()["areas"]}
    assert areas == {"0.0.0.0": "standard", "0.0.0.7": kind}
    reaches(site, HOST3)
    wait_until(lambda: traffic.ping(site.hosts["r3"], HOST2, 1).ok)
    reset(site.r3)


def reset(peer):
    """The peer without OSPF: start_peers() makes it anew."""
    lines = "".join(f"interface {n}\n no ip ospf area\n no ip ospf authentication\nexit\n"
                    for n in ("eth0", "net0"))
    peer.configure(lines + "no router ospf\n")


SECRETS = ["s3cretOne", "s3cretTwo"]


def md5(key, key_id=1):
    return {"type": "md5", "key_id": key_id, "key": key}


def peer_md5(key, key_id=1):
    return (0, f" ip ospf message-digest-key {key_id} md5 {key}\n"
               " ip ospf authentication message-digest\n")


def with_authentication(site, authentication):
    """Authentication on vpc2 alone."""
    return site.ospf(areas=[area(0, PASSIVE, "pub0", "pub1", {
        "name": "vpc2", "authentication": authentication})])


@pytest.fixture
def plain_r3(site):
    """At the end r3 has no authentication any more."""
    yield
    reset(site.r3)


def test_plaintext_authentication(site, plain_r3):
    site.put(ospf=with_authentication(site, {"type": "plaintext", "key": "abc.-+/8"}))
    site.r3.ospf(R3, {"eth0": (0, " ip ospf authentication-key abc.-+/8\n ip ospf "
                                  "authentication\n")})
    site.wait_full()
    reaches(site, HOST3)


def test_md5_authentication_wrong_key_and_change(site, plain_r3):
    """A wrong key is seen and harms no other adjacency; a key is changed without losing one."""
    before = site.neighbour(R1)["state_changes"]
    site.put(ospf=with_authentication(site, md5(SECRETS[0])))
    wait_until(lambda: site.neighbour(R3) is None, what="r3 is not believed without a key")
    assert any("authentication" in text for text in site.problems("vpc2"))
    site.r3.ospf(R3, {"eth0": peer_md5("wrong")})
    assert site.neighbour(R3) is None
    site.r3.ospf(R3, {"eth0": peer_md5(SECRETS[0])})
    site.wait_full()
    reaches(site, HOST3)
    changes = site.neighbour(R3)["state_changes"]
    site.put(ospf=with_authentication(site, md5(SECRETS[1])))
    site.r3.ospf(R3, {"eth0": peer_md5(SECRETS[1])})
    heard = hellos(site, "vpc2")
    wait_until(lambda: hellos(site, "vpc2") > heard + 1, what="hellos with the new key")
    assert site.neighbour(R3)["state_changes"] == changes
    assert site.neighbour(R1)["state_changes"] == before


def hellos(site, name):
    return next(i["hellos_received"] for i in site.state()["interfaces"] if i["name"] == name)


def test_keys_are_told_to_nobody(site, plain_r3):
    site.put(ospf=with_authentication(site, md5(SECRETS[0])))
    assert f"ip ospf message-digest-key 1 md5 {SECRETS[0]}" in site.frr.lines("interface vpc2")
    read = site.api.get("config")
    assert SECRETS[0] not in str(read) + str(site.state()) + site.router.control.output()
    site.router.put(read)  # what was read is written back: the key stays
    assert f"ip ospf message-digest-key 1 md5 {SECRETS[0]}" in site.frr.lines("interface vpc2")
    reply = site.api.request("PUT", "/v1/config", site.changed(
        ospf=with_authentication(site, md5(f"{SECRETS[1]} x"))))
    assert reply.status == 422 and SECRETS[1] not in reply.text


@pytest.mark.parametrize("priority,next_hop", [(109, "10.2.0.99"), (111, P3)])
def test_static_and_ospf_by_priority(site, priority, next_hop):
    """OSPF has 110: the lower one is used."""
    site.wait_route(NET3, P3)
    site.put(routes=[{"destination": NET3, "type": "static", "next_hop": "10.2.0.99",
                      "priority": priority}])
    site.wait_route(NET3, next_hop)
    site.put()
    site.wait_route(NET3, P3)


def test_redistribution(site):
    site.put(ospf=site.ospf(redistribute=["static", "connected"]),
             routes=[{"destination": "172.30.0.0/16", "type": "blackhole"}])
    wait_until(lambda: "172.30.0.0/16" in netns.run(
        ["ip", "-n", site.hosts["r3"].netns, "route"]).stdout)


def test_a_new_router_id(site):
    site.put(ospf=site.ospf(router_id="10.99.99.99"))
    wait_until(lambda: site.r3.full("10.99.99.99"))
    site.wait_full()
    site.put()
    wait_until(lambda: site.r3.full(ROUTER_ID))


def test_timers_and_cost_follow_the_configuration(site):
    config = site.changed(ospf=site.ospf(areas=[area(0, PASSIVE, "pub0", "pub1", {
        "name": "vpc2", "cost": 77, "hello_interval_s": 3, "dead_interval_s": 11,
        "network_type": "point_to_point"})]))
    config["interfaces"][1]["speed_mbps"] = 1000
    site.router.put(config)
    assert "ip ospf cost 100" in site.frr.lines("interface pub0")
    assert set(site.frr.lines("interface vpc2")) == {
        "ip ospf area 0.0.0.0", "ip ospf cost 77", "ip ospf dead-interval 11",
        "ip ospf hello-interval 3", "ip ospf network point-to-point"}
    site.put()
    assert set(site.frr.lines("interface vpc2")) == {
        "ip ospf area 0.0.0.0", "ip ospf cost 10", "ip ospf dead-interval 4",
        "ip ospf hello-interval 1"}


def test_ospf_is_switched_off_and_on(site):
    config = {k: v for k, v in site.config.items() if k != "ospf"}
    site.router.put(config)
    assert site.frr.lines("router ospf") == []
    assert site.frr.lines("interface pub0") == []
    site.wait_route(NET1, None)
    assert not site.state()["configured"]
    site.put()
    site.wait_full()
    site.wait_route(NET1, P1)


def test_what_is_not_ours_stays(site):
    site.frr.vtysh("configure terminal", "router ospf", "area 9 stub", daemon="ospfd")
    site.frr.vtysh("configure terminal", "interface pub0", "description uplink", daemon="ospfd")
    before = site.neighbour(R1)["state_changes"]
    site.put(ospf=site.ospf(graceful_restart_s=60))
    lines = site.frr.lines("router ospf")
    assert "area 9 stub" not in lines and "graceful-restart grace-period 60" in lines
    assert "description uplink" in site.frr.lines("interface pub0")
    assert site.neighbour(R1)["state_changes"] == before


def wait_for_none(found):
    """Waits until found() has nothing more; what it has then is the failure."""
    try:
        wait_until(lambda: not found())
    except Timeout:
        assert found() == []


def test_kernel_frr_and_data_plane_have_the_same_routes(site):
    site.wait_route(NET1, P1)
    netns.run(["ip", "-n", site.router.mirrors, "route", "add", "blackhole", "198.18.0.0/15",
               "proto", "static"])

    def compared(query=""):
        return site.api.get(f"state/routes/compare{query}")

    def differing():
        rows = compared()["items"]
        missing = {NET1, "198.18.0.0/15"} - {row["prefix"] for row in rows}
        return [row for row in rows if not row["agree"]] + list(missing)

    try:
        wait_for_none(differing)
        rows = {row["prefix"]: row for row in compared()["items"]}
        assert rows[NET1]["kernel"] == f"via {P1} dev pub0"
        assert rows["198.18.0.0/15"]["dataplane"] == "blackhole"
        assert compared()["frr_running"]
        other = compared("?differing=1")
        assert other["differing"] == other["total"] == 0 and other["items"] == []
        assert NET1 in site.router.vrctl("show", "routes-compare").stdout
        assert NET1 not in site.router.vrctl("show", "routes-compare", "--differing").stdout
    finally:
        netns.run(["ip", "-n", site.router.mirrors, "route", "delete", "blackhole",
                   "198.18.0.0/15"])
