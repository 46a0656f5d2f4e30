# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 the vrouter authors
"""Hosts behind AF_XDP ports: each has the far end of a veth, whose near end is in the namespace of
the router's processes, as a NIC would be."""

import netns
from topology import Host


class XdpHost(Host):
    def __init__(self, lab, router, name, address, gateway):
        super().__init__(lab, name, address, gateway)
        self.router_netns = router.management
        self.netdev = f"xdp-{name}"
        self.port = {"driver": "af_xdp", "address": self.netdev}
        self.near("link", "add", self.netdev, "type", "veth", "peer", "name", "eth0", "netns",
                  self.netns)
        # AF_XDP has no way to say that a checksum is still to be computed.
        self.run("ethtool", "-K", "eth0", "tx", "off", "tso", "off", "gso", "off", check=True)

    def near(self, *argv):
        """`ip` where the near end is."""
        return netns.run(["ip", "-n", self.router_netns, *argv])

    def program(self):
        """Whether an XDP program is on the near end."""
        return "prog/xdp" in self.near("link", "show", self.netdev).stdout
