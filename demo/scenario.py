# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 the vrouter authors
"""What the demonstration tries, a row of the final table each: two private hosts (h1, h2), a host
on the "internet" behind pub0 (inet) and one on a second uplink (isp2), around one router."""

import dataclasses
import signal
import time

import traffic
from wait import Timeout, wait_until

H1, H2, INET, ISP2 = "192.168.10.10", "192.168.11.10", "203.0.113.10", "198.51.100.10"
PUB0, PUB1 = "203.0.113.1", "198.51.100.1"
EIP, VIP = "203.0.113.20", "203.0.113.21"

HOSTS = {  # name: (address, gateway)
    "h1": (f"{H1}/24", "192.168.10.1"),
    "h2": (f"{H2}/24", "192.168.11.1"),
    "inet": (f"{INET}/24", None),
    "isp2": (f"{ISP2}/24", None),
}


@dataclasses.dataclass
class Row:
    tried: str
    expected: str
    seen: str

    @property
    def ok(self):
        return self.expected == self.seen


class Scenario:
    def __init__(self, router, hosts):
        self.router = router
        self.h1, self.h2, self.inet, self.isp2 = (hosts[n] for n in HOSTS)
        self.web = {h.name: traffic.WebServer(h) for h in hosts.values()}
        for port in (5900, 5910):
            traffic.WebServer(self.h2, port)
        traffic.Iperf3Server(self.inet)

    def rows(self):
        """Tries everything in turn; yields a Row each."""
        for step in (self.private, self.kills, self.snat, self.eip, self.port_forward, self.allowed_cidr,
                     self.hairpin, self.blackhole, self.traceroute, self.throughput):
            yield from step()

    def ping(self, source, destination, name):
        got = traffic.ping(source, destination)
        return Row(f"{source.name}: ping {name}", "3 of 3 answers",
                   f"{got.received} of {got.sent} answers")

    def fetch(self, source, address, port, server, client, note):
        """curl, and the client's address as the server's own log has it."""
        answer = traffic.fetch(source, address, port)
        if answer.ok:
            try:
                seen = f"{answer.body} sees {traffic.seen_client(self.web[server], answer)}"
            except Timeout:
                seen = f"answer '{answer.body}', not from {server}"
        else:
            seen = answer.error
        tried = f"{source.name}: curl {address}:{port} ({note})"
        return Row(tried, f"{server} sees {client}", seen)

    def private(self):
        yield self.ping(self.h1, H2, f"h2 {H2} (private to private)")
        yield self.fetch(self.h1, H2, 80, "h2", H1, "private to private")

    def kills(self):
        """Either process dies and comes back; what follows runs on the survivors."""
        self.router.kill_control()
        yield self.ping(self.h1, H2, f"h2 {H2} (vrouter-control killed)")
        self.h2.ip("address", "add", "192.168.11.77/24", "dev", "eth0")
        yield self.ping(self.h1, "192.168.11.77", "a host that is new meanwhile")
        self.router.start_control()
        self.until_ok()
        self.router.dataplane.stop(signal.SIGKILL)
        self.router.start_dataplane()
        ready = time.monotonic()
        try:
            wait_until(lambda: traffic.ping(self.h1, H2, 1, timeout_s=0.2).ok)
            seconds = time.monotonic() - ready
            seen = "within 1 s" if seconds < 1 else f"after {seconds:.1f} s"
        except Timeout:
            seen = "not at all"
        yield Row("vrouter-dataplane killed and started: h1 reaches h2 once it is ready",
                  "within 1 s", seen)
        self.until_ok()
        wait_until(self.router.links_up, what="every link is up")

    def until_ok(self):
        wait_until(lambda: self.router.api.get("state")["status"] == "ok",
                   what="both processes agree")

    def snat(self):
        yield self.ping(self.h2, INET, f"inet {INET} (SNAT)")
        yield self.fetch(self.h2, INET, 80, "inet", PUB0, "SNAT by pub0")
        yield self.fetch(self.h2, ISP2, 80, "isp2", PUB1, "SNAT by pub1")
        yield self.fetch(self.h1, ISP2, 80, "isp2", PUB1, "SNAT by pub1: the EIP is on pub0")

    def eip(self):
        yield self.ping(self.inet, EIP, f"EIP {EIP} (in)")
        yield self.fetch(self.inet, EIP, 80, "h1", INET, "EIP in")
        yield self.fetch(self.h1, INET, 80, "inet", EIP, "EIP out")

    def port_forward(self):
        yield self.fetch(self.inet, VIP, 8080, "h2", INET, "port forward to 80")
        for port in (5900, 5910):
            answer = traffic.fetch(self.inet, VIP, port)
            yield Row(f"inet: curl {VIP}:{port} (range 5900-5910)", "an answer",
                      "an answer" if answer.ok else answer.error)
        yield self.refused(5911, "beyond the range")

    def refused(self, port, note):
        answer = traffic.fetch(self.inet, VIP, port)
        seen = "refused" if "refused" in answer.error else answer.error or "an answer"
        return Row(f"inet: curl {VIP}:{port} ({note})", "refused", seen)

    def allowed_cidr(self):
        yield self.fetch(self.inet, VIP, 8081, "h2", INET, "allowed_cidr admits inet")
        yield self.refused(8082, "allowed_cidr does not admit inet")

    def hairpin(self):
        yield self.ping(self.h1, EIP, f"its own EIP {EIP} (hairpin)")
        yield self.fetch(self.h1, EIP, 80, "h1", PUB0, "hairpin to its own EIP")
        yield self.fetch(self.h2, EIP, 80, "h1", H2, "from another subnet to the EIP")
        yield self.fetch(self.h2, VIP, 8080, "h2", PUB0, "hairpin to its own port forward")

    def dropped(self, reason):
        return sum(d["packets"] for d in self.router.api.items("state/drops")
                   if d["reason"] == reason)

    def blackhole(self):
        before = self.dropped("blackhole")
        got = traffic.ping(self.h1, "172.30.0.1", timeout_s=1)
        try:
            wait_until(lambda: self.dropped("blackhole") - before >= 3)
        except Timeout:
            pass
        yield Row("h1: ping 172.30.0.1 (blackhole route)",
                  "0 of 3 answers, 3 drops as 'blackhole'",
                  f"{got.received} of {got.sent} answers, {self.dropped('blackhole') - before} "
                  "drops as 'blackhole'")

    def traceroute(self):
        for method, name in (("-U", "UDP"), ("-I", "ICMP")):
            hops = traffic.traceroute(self.h2, INET, method)
            yield Row(f"h2: traceroute inet ({name} through SNAT)", f"192.168.11.1 > {INET}",
                      " > ".join(hops))

    def throughput(self):
        for options, name in (([], "out"), (["-R"], "in")):
            result = traffic.iperf3(self.h2, INET, 3, *options)
            rate = traffic.received_mbps(result)
            text = f"{rate:.0f} Mbit/s" if rate else str(result.get("error", "nothing")).strip()
            yield Row(f"h2: iperf3 to inet, TCP {name} through SNAT: {text}", "data arrives",
                      "data arrives" if rate else text)
