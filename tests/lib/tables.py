# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 the vrouter authors
"""A router that has something of everything, a change in all of it, and all that decides about
packets, by who has it: to compare the router with itself, before and after a commit."""

import hashlib
import json

import netns
from vpc import H1, H2, INET, snat_everywhere, vips

OSPF = {"router_id": "10.0.0.1", "areas": [{"id": 0, "interfaces": [
    "pub0", {"name": "vpc1", "passive": True}]}]}
SITE = {"vips": vips(), "snat": snat_everywhere(), "ospf": OSPF,
        "eips": [{"name": "eip-h1", "vip": "vip-eip", "target": H1}],
        "port_forwards": [{"name": "web", "vip": "vip-web", "protocol": "tcp", "ports": "8080",
                           "target": H2, "target_ports": "80"}],
        "routes": [{"destination": "172.30.0.0/16", "type": "blackhole"},
                   {"destination": "172.31.0.0/16", "type": "static", "next_hop": INET}]}


def lines(router, *argv):
    return sorted(netns.run(["ip", "-n", router.mirrors, "-4", *argv]).stdout.splitlines())


def tables(site, frr):
    """All that decides about packets, by who has it; sessions and neighbours come and go."""
    api, router = site.api, site.router
    return {
        "configuration": api.get("config"),
        "revisions": api.get("config/revisions"),
        "ports": [{k: i[k] for k in ("name", "link_up", "mtu", "role") if k in i}
                  for i in api.items("state/interfaces")],
        "routes": sorted((r for r in api.items("state/routes") if r["source"] != "neighbour"),
                         key=lambda r: json.dumps(r["prefix"])),
        "rules": [(r["kind"], r["name"], r["id"]) for r in api.items("state/nat/rules")],
        "use of tables": {limit["name"]: limit["used"] for limit in api.items("state/limits")
                          if limit["name"] in ("ports", "addresses", "eips", "port_forwards",
                                               "snat_rules", "services", "routes")},
        "kernel addresses": router.kernel_addresses(),
        "kernel routes": lines(router, "route", "show", "table", "all"),
        "kernel rules": lines(router, "rule"),
        "FRR": frr.vtysh("show running-config ospfd no-header", daemon="ospfd"),
    }


def more(site, **parts):
    """A change in everything: each subsystem has something to add and to remove."""
    config = site.changed(**parts)
    config["vips"] = [v for v in config["vips"] if v["name"] != "vip-spare"] + [
        {"name": "vip-new", "address": "203.0.113.77", "interface": "pub0"}]
    config["eips"] = [{"name": "eip-h1", "vip": "vip-eip", "target": H2},
                      {"name": "eip-new", "vip": "vip-new", "target": H1}]
    config["port_forwards"] = [{**config["port_forwards"][0], "target": H1}]
    config["routes"] = config["routes"][1:] + [{"destination": "172.29.0.0/16",
                                                "type": "blackhole"}]
    config["snat"] = config["snat"][:2]
    if "ospf" not in parts:
        config["ospf"] = {"router_id": "10.0.0.1", "areas": [{"id": 0, "interfaces": [
            "pub0", {"name": "vpc1", "cost": 77, "passive": True}]}]}
    return config


def differences(before, now):
    """For the report: what is on one side alone, by table."""
    found = {}
    for key, was in before.items():
        if was == now[key]:
            continue
        one, other = ([json.dumps(x) for x in t] if isinstance(t, list) else str(t).splitlines()
                      for t in (was, now[key]))
        found[key] = {"before": sorted(set(one) - set(other)),
                      "now": sorted(set(other) - set(one))}
    return json.dumps(found, indent=1)


def digest(found):
    return hashlib.sha256(json.dumps(found, sort_keys=True).encode()).hexdigest()
