# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 the vrouter authors
"""The configuration's past from a shell: history, differences, the way back, commits on trial that
outlive control, and the editor."""

import json
import os
import subprocess

import pytest

import traffic
from vpc import H2, VIP, snat_everywhere, vips
from wait import wait_until

SITE = {"vips": vips(), "snat": snat_everywhere(),
        "port_forwards": [{"name": "web", "vip": "vip-web", "protocol": "tcp", "ports": "8080",
                           "target": H2, "target_ports": "80"}]}


@pytest.fixture(autouse=True)
def as_before(site):
    site.web(site.h2)
    yield
    if on_trial(site):
        site.router.vrctl("confirm")
    site.router.put(site.config)


@pytest.fixture
def broken(site, tmp_path):
    """A document with which the published service cannot be reached."""
    path = tmp_path / "broken.json"
    path.write_text(json.dumps(site.changed(port_forwards=[])), encoding="utf-8")
    return str(path)


def published(site):
    return traffic.fetch(site.inet, VIP, 8080).ok


def editing(site, script, answers, *argv):
    """vrctl edit with sed as the editor."""
    return subprocess.run(
        [site.router.vrctl_program(), "--socket", site.router.api_socket, "edit", *argv],
        env={**os.environ, "EDITOR": f"sed -i {script}", "VISUAL": f"sed -i {script}"},
        input=answers, text=True, capture_output=True, timeout=30, check=False)


def test_history_diff_and_rollback(site, broken):
    assert published(site)
    done = site.router.vrctl("diff", broken)
    assert "- /port_forwards/web" in done.stdout
    assert "would change" in done.stdout
    assert published(site)
    site.router.vrctl("commit", "--comment", "a mistake", broken)
    assert not published(site)
    newest = site.router.vrctl("history", "--limit", "2").stdout.splitlines()[1]
    assert "a mistake" in newest and "uid 0" in newest and "yes" in newest
    assert site.router.vrctl("diff").stdout.startswith("- /port_forwards/web")
    site.router.vrctl("rollback")
    assert published(site)
    assert site.router.vrctl("diff").stdout.startswith("+ /port_forwards/web")


def test_a_document_comes_back_as_it_was_written(site):
    """Also the order of its members, which JSON does not know and people do."""
    before = site.router.vrctl("config", "get").stdout
    site.router.put(site.changed(hostname="other"))
    site.router.vrctl("rollback")
    assert site.router.vrctl("config", "get").stdout == before


def on_trial(site):
    return site.api.request("GET", "/v1/config/confirm").status == 200


def test_a_commit_on_trial_is_taken_back(site, broken):
    for seconds in (2, 20):  # a busy machine needs longer to see it
        done = site.router.vrctl("commit", "confirm", str(seconds), broken)
        assert "on trial" in done.stdout
        seen = published(site)
        if on_trial(site):
            break
    assert not seen
    wait_until(lambda: published(site))
    assert site.api.get("config") == site.config
    late = site.router.vrctl("confirm", check=False)
    assert late.returncode == 1 and "No revision waits" in late.stderr


def test_a_commit_on_trial_is_kept(site, broken):
    site.router.vrctl("commit", "confirm", "1000", broken)
    refused = site.router.vrctl("config", "put", broken, check=False)
    assert refused.returncode == 1 and "waits for its confirmation" in refused.stderr
    assert site.router.vrctl("confirm").stdout == "confirmed\n"
    assert site.api.request("GET", "/v1/config/confirm").status == 404
    assert not published(site)


def test_a_trial_outlives_control(site, broken):
    """Whoever cut himself off may have cut off control as well."""
    site.router.vrctl("commit", "confirm", "2", broken)
    site.router.kill_control()
    assert not published(site)
    site.router.start_control()
    wait_until(lambda: published(site))
    assert site.api.get("config") == site.config


def test_edit(site):
    done = editing(site, "s/8080/8081/", "y\n")
    assert done.returncode == 0, done.stderr
    assert '~ /port_forwards/web/ports "8080" -> "8081"' in done.stdout
    assert site.api.get("config")["port_forwards"][0]["ports"] == "8081"


def test_edit_is_given_up(site):
    assert editing(site, "s/8080/8081/", "n\n").returncode == 0
    done = editing(site, "s/8080/80800/", "n\n")
    assert done.returncode == 1
    assert "/port_forwards/0/ports" in done.stderr
    assert editing(site, "--no-such-option", "").returncode == 2
    assert site.api.get("config") == site.config


def test_edit_corrects_a_mistake(site):
    """The first pass makes it invalid, the second one valid."""
    done = editing(site, "'s/80800/8082/;t;s/8080/80800/'", "e\ny\n")
    assert done.returncode == 0, done.stdout + done.stderr
    assert site.api.get("config")["port_forwards"][0]["ports"] == "8082"


def test_edit_notices_others(site, tmp_path):
    """Somebody else commits while the editor is open."""
    other = tmp_path / "other.json"
    other.write_text(json.dumps(site.changed(hostname="other")), encoding="utf-8")
    script = tmp_path / "editor"
    script.write_text(f"#!/bin/sh\nsed -i s/8080/8081/ \"$1\"\n{site.router.vrctl_program()} "
                      f"--socket {site.router.api_socket} config put {other}\n", encoding="utf-8")
    script.chmod(0o755)
    done = subprocess.run(
        [site.router.vrctl_program(), "--socket", site.router.api_socket, "edit"],
        env={**os.environ, "VISUAL": str(script)}, input="n\n", text=True, capture_output=True,
        timeout=30, check=False)
    assert done.returncode == 1 and "412" in done.stderr
    assert site.api.get("config")["hostname"] == "other"


def test_secrets_stay(site):
    """A connection that is read, edited and written back keeps its key; nobody sees it."""
    secret = "n0b0dy-sees-this"
    config = site.changed(ipsec=[{
        "name": "b", "vip": "vip-web", "peer_address": "203.0.113.77", "psk": secret,
        "local_subnets": ["192.168.10.0/24"], "remote_subnets": ["192.168.200.0/24"]}])
    site.router.put(config)
    done = editing(site, "'s/203.0.113.77/203.0.113.78/'", "y\n")
    assert done.returncode == 0, done.stderr
    assert '"203.0.113.77" -> "203.0.113.78"' in done.stdout
    assert "not applied" in done.stderr
    shown = "".join(site.router.vrctl(*words).stdout for words in (
        ("config", "get"), ("diff",), ("--json", "history"), ("--json", "status")))
    assert secret not in shown + done.stdout + done.stderr + site.router.control.output()
    stored = [path for path in os.scandir(site.router.state_directory)
              if path.name.endswith(".json")]
    newest = max(stored, key=lambda path: path.name)
    with open(newest.path, encoding="utf-8") as file:
        assert secret in file.read()
    assert newest.stat().st_mode & 0o777 == 0o600
