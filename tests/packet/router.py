# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 the vrouter authors
"""Drives the packet harness (harness.c): the real graph with test ports. Frames go in and come out
as scapy packets; what is expected is built by scapy, too."""

import json
import os
import struct
import subprocess
from collections import namedtuple

from scapy.layers.inet import ICMP, IP, TCP, UDP
from scapy.layers.l2 import Ether

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BUILD = os.environ.get("VROUTER_BUILD", os.path.join(ROOT, "build"))
HEADER = struct.Struct("=HBBHHI")

Out = namedtuple("Out", "port kind partial frame")  # kind: "sent" or "punted"
KINDS = {ord("s"): "sent", ord("p"): "punted"}


class Router:
    """One harness process. Ports are named as in the configuration."""

    def __init__(self, config, workers=1):
        binary = os.path.join(BUILD, "tests", "packet", "packet-harness")
        self.process = subprocess.Popen([binary, str(workers)], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE)
        self.config = None
        self.ports = {}
        self.last_port = 0
        self.workers = workers
        self.reset(config)

    def reset(self, config):
        """A known state: this configuration, no session, counters from zero."""
        self.base = {"accounts": {}, "drops": {}, "half_open_ended": 0, "degraded": 0,
                     "lost": 0}
        self.end_stage()
        errors = self.configure(config)
        assert errors == "", errors
        self.advance(8000)  # longer than every timer
        self._command(b"A")  # at the start of a second
        self.base = self.stats()
        assert self.base["sessions"] == self.base["accounts"]["held"] == 0

    def close(self):
        self.process.stdin.close()
        assert self.process.wait(timeout=60) == 0, "the harness failed: see its messages above"

    def _command(self, data):
        self.process.stdin.write(struct.pack("=I", len(data)) + data)
        self.process.stdin.flush()
        head = self.process.stdout.read(4)
        assert len(head) == 4, f"the harness died: {self.process.wait(timeout=60)}"
        return self.process.stdout.read(struct.unpack("=I", head)[0])

    def configure(self, config):
        """Applies a configuration; the text of the errors, empty when it was applied."""
        errors = self._command(b"C" + json.dumps(config).encode()).decode()
        if errors == "":
            self.config = config
            # Ids are given out in the order of the document; that of a removed name rests.
            names = [interface["name"] for interface in config["interfaces"]]
            for name in names:
                if name not in self.ports:
                    self.last_port += 1
                    self.ports[name] = self.last_port
            self.ports = {name: self.ports[name] for name in names}
        return errors

    def stage(self, config, commit, settle=True):
        """A configuration as far as it goes before it takes effect: prepared, or committed up to the
        flip. It stays so while packets come, until end_stage(). Not settled: what that takes in
        the FIB is only begun."""
        errors = self._command((b"K" if commit else b"R") + json.dumps(config).encode()).decode()
        if settle:
            self._command(b"Z")
        return errors

    def end_stage(self):
        """What was committed takes effect (without its routes); what was prepared is given up."""
        self._command(b"E")

    def mac(self, port):
        return next(i["mac"] for i in self.config["interfaces"] if i["name"] == port)

    def service(self, proto=0, ip="", first=0, last=0):
        """What configurations from now on have beside what they ask for: a service of the kernel."""
        self._command(f"V{proto} {ip} {first} {last}".encode())

    def neighbour(self, port, ip, mac):
        self._command(f"N{self.ports[port]} {ip} {mac}".encode())

    def neighbour_failed(self, port, ip):
        self._command(f"F{self.ports[port]} {ip}".encode())

    def neighbour_forgotten(self, port, ip):
        """What the kernel says when it no longer knows one that did not answer."""
        self._command(f"G{self.ports[port]} {ip}".encode())

    def advance(self, seconds):
        """Moves the clock; what the passing of time sends."""
        return self._outputs(self._command(f"T{seconds}".encode()))

    def leave_buffers(self, count):
        """The pool has `count` free buffers from now on; None: all of them. A frame that finds none
        at its port is "lost" in the statistics, as a NIC would lose it."""
        self._command(f"B{-1 if count is None else count}".encode())

    def stats(self):
        """Counters since reset(), and the table's use now."""
        stats = json.loads(self._command(b"S"))
        for part in ("accounts", "drops"):
            base = self.base[part]
            stats[part] = {k: v - base.get(k, 0) for k, v in stats[part].items()}
        for part in ("half_open_ended", "degraded", "lost"):
            stats[part] -= self.base[part]
        return stats

    def _outputs(self, data):
        names = {number: name for name, number in self.ports.items()}
        result = []
        while data:
            port, kind, partial, _, _, length = HEADER.unpack_from(data)
            frame = data[HEADER.size:HEADER.size + length]
            data = data[HEADER.size + length:]
            result.append(Out(names[port], KINDS[kind], bool(partial), frame))
        return result

    def send_frames(self, frames, kind="r", partial=False, segment=0):
        """frames: (port, bytes or packet), received together."""
        data = b"P"
        for port, frame in frames:
            raw = bytes(frame)
            data += HEADER.pack(self.ports[port], ord(kind), partial, segment, 0, len(raw)) + raw
        return self._outputs(self._command(data))

    def send(self, port, frame, **kwargs):
        return self.send_frames([(port, frame)], **kwargs)


class Host:
    """A host behind a port: builds the frames that it sends and those that it must receive."""

    def __init__(self, router, port, ip, mac):
        self.router, self.port, self.ip, self.mac = router, port, ip, mac
        router.neighbour(port, ip, mac)

    def to_router(self, packet):
        return Ether(src=self.mac, dst=self.router.mac(self.port)) / packet

    def from_router(self, packet):
        """The frame that the router must send to this host; scapy computes the checksums."""
        return bytes(Ether(src=self.router.mac(self.port), dst=self.mac) / packet)

    def send(self, packet, **kwargs):
        return self.router.send(self.port, self.to_router(packet), **kwargs)


def hop(packet, **changes):
    """The IP packet one hop further: TTL less one, and the given fields changed. `l4` changes are
    named sport, dport, id."""
    new = IP(bytes(packet))
    new.ttl -= 1
    del new.chksum
    for field in ("src", "dst"):
        if field in changes:
            setattr(new, field, changes[field])
    for layer in (TCP, UDP, ICMP):
        if not new.haslayer(layer):
            continue
        for field in ("sport", "dport", "id"):
            if field in changes:
                setattr(new[layer], field, changes[field])
        if layer is not UDP or new[layer].chksum != 0:
            del new[layer].chksum
        break
    return IP(bytes(new))


def sent(outputs):
    """The only output, which must have been sent by a port."""
    assert [o.kind for o in outputs] == ["sent"], outputs
    return outputs[0]


def expect(outputs, host, packet):
    """Exactly one frame came out: `packet` to `host`, byte by byte."""
    out = sent(outputs)
    assert out.port == host.port
    want = host.from_router(packet)
    assert out.frame == want, f"\ngot  {Ether(out.frame)!r}\nwant {Ether(want)!r}"
