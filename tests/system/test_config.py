# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 the vrouter authors
"""Configuration over HTTP: what is refused changes nothing and says where it is wrong, what is
accepted survives control, and traffic needs no control at all."""

import copy
import json

import pytest

import traffic
from vpc import H1, H2, INET, VIP, snat_everywhere, vips
from wait import wait_until

SITE = {"vips": vips(), "snat": snat_everywhere(),
        "port_forwards": [{"name": "web", "vip": "vip-web", "protocol": "tcp", "ports": "8080",
                           "target": H2, "target_ports": "80"}]}


def changed(path, value):
    """A function that sets config[path[0]][path[1]]... to value; `del` deletes it."""
    def change(config):
        at = config
        for key in path[:-1]:
            at = at[key]
        if value is del_:
            del at[path[-1]]
        else:
            at[path[-1]] = value
    return change


del_ = object()


def appended(path, value):
    def change(config):
        config.setdefault(path, []).append(value)
    return change


FORWARD = {"name": "second", "vip": "vip-web", "protocol": "tcp", "ports": "9000", "target": H1}

# What is wrong, the change that makes it so, the pointer that the answer must name.
BAD = [
    ("version missing", changed(["version"], del_), "/version"),
    ("version unknown", changed(["version"], 99), "/version"),
    ("unknown field", changed(["vipz"], []), "/vipz"),
    ("unknown field inside", changed(["vips", 0, "adress"], "1.2.3.4"), "/vips/0/adress"),
    ("list is an object", changed(["vips"], {}), "/vips"),
    ("name missing", changed(["vips", 0, "name"], del_), "/vips/0/name"),
    ("name twice", changed(["vips", 1, "name"], "vip-eip"), "/vips/1/name"),
    ("interface name reserved", changed(["interfaces", 0, "name"], "lo"), "/interfaces/0/name"),
    ("interface name too long", changed(["interfaces", 0, "name"], "x" * 16), "/interfaces/0/name"),
    ("role unknown", changed(["interfaces", 0, "role"], "inner"), "/interfaces/0/role"),
    ("address malformed", changed(["interfaces", 0, "addresses", 0], "192.168.10.256/24"),
     "/interfaces/0/addresses/0"),
    ("address without prefix length", changed(["interfaces", 0, "addresses", 0], "192.168.10.1"),
     "/interfaces/0/addresses/0"),
    ("subnets overlap", changed(["interfaces", 1, "addresses", 0], "192.168.10.129/25"),
     "/interfaces/1/addresses/0"),
    ("mtu too large", changed(["interfaces", 0, "mtu"], 9001), "/interfaces/0/mtu"),
    ("mtu too small", changed(["interfaces", 0, "mtu"], 100), "/interfaces/0/mtu"),
    ("mtu is text", changed(["interfaces", 0, "mtu"], "1500"), "/interfaces/0/mtu"),
    ("driver unknown", changed(["interfaces", 0, "port", "driver"], "dpdk"),
     "/interfaces/0/port/driver"),
    ("raw device arguments", changed(["interfaces", 0, "port"],
                                     {"driver": "af_packet", "address": "eth0,qpairs=2"}),
     "/interfaces/0/port/address"),
    ("gateway outside", changed(["interfaces", 2, "gateway"], "10.0.0.1"), "/interfaces/2/gateway"),
    ("gateway on a private interface", changed(["interfaces", 0, "gateway"], "192.168.10.254"),
     "/interfaces/0/gateway"),
    ("VIP outside its subnet", changed(["vips", 0, "address"], "10.1.1.1"), "/vips/0/address"),
    ("VIP is an own address", changed(["vips", 0, "address"], "203.0.113.1"), "/vips/0/address"),
    ("VIP on no interface", changed(["vips", 0, "interface"], "pub9"), "/vips/0/interface"),
    ("SNAT out of a private interface", changed(["snat", 0, "interface"], "vpc2"),
     "/snat/0/interface"),
    ("SNAT twice", appended("snat", {"name": "again", "source": "192.168.10.0/24",
                                     "interface": "pub0"}), "/snat/4"),
    ("SNAT on a foreign address", changed(["snat", 0, "addresses"], ["203.0.113.99"]),
     "/snat/0/addresses/0"),
    ("EIP of no VIP", appended("eips", {"name": "e", "vip": "nothing", "target": H1}),
     "/eips/0/vip"),
    ("EIP on a VIP with a port forward", appended("eips", {"name": "e", "vip": "vip-web",
                                                           "target": H1}),
     "/port_forwards/0/vip"),
    ("range ends below its start", changed(["port_forwards", 0, "ports"], "80-60"),
     "/port_forwards/0/ports"),
    ("port 0", changed(["port_forwards", 0, "ports"], "0"), "/port_forwards/0/ports"),
    ("port 65536", changed(["port_forwards", 0, "ports"], "65536"), "/port_forwards/0/ports"),
    ("ports overlap", appended("port_forwards", {**FORWARD, "ports": "8000-8100"}),
     "/port_forwards/1/ports"),
    ("a range maps to other ports", appended("port_forwards", {
        **FORWARD, "ports": "9000-9010", "target_ports": "9100-9110"}),
     "/port_forwards/1/target_ports"),
    ("protocol unknown", changed(["port_forwards", 0, "protocol"], "sctp"),
     "/port_forwards/0/protocol"),
    ("target missing", changed(["port_forwards", 0, "target"], del_), "/port_forwards/0/target"),
    ("static route without next hop", appended("routes", {"destination": "10.0.0.0/8",
                                                          "type": "static"}), "/routes/0"),
    ("next hop not on a link", appended("routes", {
        "destination": "10.0.0.0/8", "type": "static", "next_hop": "10.9.9.9"}),
     "/routes/0/next_hop"),
    ("route priority 0", appended("routes", {"destination": "10.0.0.0/8", "type": "blackhole",
                                             "priority": 0}), "/routes/0/priority"),
    ("blackhole with next hop", appended("routes", {
        "destination": "10.0.0.0/8", "type": "blackhole", "next_hop": INET}),
     "/routes/0/next_hop"),
]


def everything(site):
    """What must not change when a configuration is refused: all of it, as three parties see it."""
    return (site.api.get("config"), site.api.get("state/dataplane")["generation"],
            site.router.kernel_addresses(), site.router.kernel_routes())


@pytest.mark.parametrize("change, pointer", [(c, p) for _, c, p in BAD], ids=[n for n, _, _ in BAD])
def test_refused_with_a_pointer_and_nothing_changed(site, change, pointer):
    before = everything(site)
    config = copy.deepcopy(site.config)
    change(config)
    reply = site.api.request("PUT", "/v1/config", config)
    assert reply.status == 422, reply.text
    assert reply.headers["Content-Type"].startswith("application/problem+json")
    assert any(p == pointer or p.startswith(pointer + "/") for p in reply.errors()), reply.text
    assert everything(site) == before


@pytest.mark.parametrize("body", [
    "", "{", "[]x", '{"version": 1,}', '{"version": 1, "version": 1}', "\x00", '"text"', "nul",
    '{"version": 1e999}', "[" * 5000, '{"hostname": "\\ud800"}', b"\xff\xfe{}",
], ids=["empty", "open", "trailing", "comma", "duplicate key", "NUL", "string", "word", "overflow",
        "deep", "surrogate", "not UTF-8"])
def test_malformed_json(site, body):
    before = everything(site)
    reply = site.api.request("PUT", "/v1/config", body)
    assert reply.status in (400, 422), reply.text
    assert reply.json()["title"]
    assert everything(site) == before


def test_all_errors_are_reported_at_once(site):
    config = copy.deepcopy(site.config)
    config["vips"][0]["address"] = "nonsense"
    config["interfaces"][0]["mtu"] = 1
    config["port_forwards"][0]["ports"] = "9-8"
    errors = site.api.request("PUT", "/v1/config", config).errors()
    assert {"/vips/0/address", "/interfaces/0/mtu", "/port_forwards/0/ports"} <= set(errors)


def test_a_refusal_by_the_data_plane_changes_nothing(site):
    """A TAP port in a namespace that does not exist: only the data plane can know."""
    before = everything(site)
    config = copy.deepcopy(site.config)
    config["interfaces"].append({"name": "vpc3", "role": "private",
                                 "addresses": ["192.168.12.1/24"],
                                 "port": {"driver": "tap", "address": "eth0@no-such-namespace"}})
    config["vips"].append({"name": "vip-new", "address": "203.0.113.40", "interface": "pub0"})
    reply = site.api.request("PUT", "/v1/config", config)
    assert reply.status == 422, reply.text
    assert any(p.startswith("/interfaces/4") for p in reply.errors()), reply.text
    assert everything(site) == before
    assert traffic.ping(site.h1, H2).ok


def test_the_same_document_twice_changes_nothing(site):
    first = site.router.put(site.config)
    before = everything(site)
    second = site.router.put(site.config)
    assert second["changed"] is False
    assert second["revision"] == first["revision"]
    assert everything(site) == before


def test_dry_run_checks_and_changes_nothing(site):
    before = everything(site)
    good = site.changed(hostname="dry")
    reply = site.api.request("PUT", "/v1/config?dry_run=1", good)
    assert reply.status == 200, reply.text
    bad = site.changed(hostname=7)
    assert site.api.request("PUT", "/v1/config?dry_run=1", bad).status == 422
    assert everything(site) == before


def test_if_match(site):
    etag = site.api.request("GET", "/v1/config").headers["ETag"]
    named = site.changed(hostname="named")
    assert site.api.request("PUT", "/v1/config", named, {"If-Match": etag}).status == 200
    reply = site.api.request("PUT", "/v1/config", site.config, {"If-Match": etag})
    assert reply.status == 412
    assert site.api.get("config")["hostname"] == "named"
    site.router.put(site.config)


def test_merge_patch(site):
    reply = site.api.request("PATCH", "/v1/config", {"hostname": "patched"},
                             {"Content-Type": "application/merge-patch+json"})
    assert reply.status == 200, reply.text
    assert site.api.get("config") == site.changed(hostname="patched")
    site.router.put(site.config)


def test_one_object_by_its_name(site):
    forward = {**FORWARD, "name": "single"}
    path = "/v1/config/port_forwards/single"
    assert site.api.request("PUT", path, forward).status in (200, 201)
    assert site.api.get(path) == forward
    assert site.api.request("DELETE", path).status in (200, 204)
    assert site.api.request("GET", path).status == 404
    assert site.api.get("config") == site.config


def test_a_gone_vip_is_gone_everywhere(site):
    assert f"pub0 {VIP}/24" in site.router.kernel_addresses()
    without = site.changed(port_forwards=[], vips=[v for v in site.config["vips"]
                                                   if v["name"] != "vip-web"])
    site.router.put(without)
    try:
        assert f"pub0 {VIP}/24" not in site.router.kernel_addresses()
        assert traffic.fetch(site.inet, VIP, 8080, timeout_s=2).body is None
    finally:
        site.router.put(site.config)
    site.web(site.h2)
    assert traffic.fetch(site.inet, VIP, 8080).body == "h2"


def test_other_requests_are_answered_in_kind(site):
    assert site.api.request("GET", "/v1/nothing").status == 404
    assert site.api.request("DELETE", "/v1/config").status == 405
    assert site.api.request("GET", "/healthz").status == 200
    assert "vrouter_" in site.api.request("GET", "/metrics").text


def test_killing_control_leaves_traffic_flowing(site):
    """Known hosts and new ones, known flows and new ones."""
    web = site.web(site.inet)
    site.router.kill_control()
    try:
        assert traffic.ping(site.h1, H2).ok
        assert traffic.fetch(site.h1, INET).ok
        site.h2.ip("address", "add", "192.168.11.99/24", "dev", "eth0")
        assert traffic.ping(site.h1, "192.168.11.99").ok
        answer = traffic.fetch(site.h2, INET)
        assert answer.ok and traffic.seen_client(web, answer)
    finally:
        site.router.start_control()
    wait_until(lambda: site.api.get("state/dataplane")["connected"])
    assert site.api.get("config") == site.config
    assert traffic.fetch(site.h2, INET).ok


def test_the_configuration_survives_a_restart_of_control(site):
    site.web(site.h2)
    revision = site.api.request("GET", "/v1/config").headers["ETag"]
    assert site.router.control.stop() == 0
    site.router.start_control()
    wait_until(lambda: site.api.get("state/dataplane")["connected"])
    reply = site.api.request("GET", "/v1/config")
    assert reply.json() == site.config
    assert reply.headers["ETag"] == revision
    assert traffic.fetch(site.inet, VIP, 8080).body == "h2"
    changed_again = site.changed(hostname="after-restart")
    assert site.router.put(changed_again)["changed"] is True
    site.router.put(site.config)


def test_vrctl_speaks_the_same_language(site, tmp_path):
    document = tmp_path / "config.json"
    document.write_text(json.dumps(site.changed(hostname="by-vrctl")), encoding="utf-8")
    assert site.router.vrctl("config", "put", str(document)).returncode == 0
    assert json.loads(site.router.vrctl("--json", "config", "get").stdout)["hostname"] == "by-vrctl"
    document.write_text(json.dumps(site.changed(hostname=7)), encoding="utf-8")
    refused = site.router.vrctl("config", "put", str(document), check=False)
    assert refused.returncode == 1
    assert "/hostname" in refused.stderr
    site.router.put(site.config)
