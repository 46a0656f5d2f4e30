# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 the vrouter authors
"""The API over TCP: TLS, tokens with their roles, and what a client without one gets to see."""

import http.client
import json
import secrets
import signal
import socket
import ssl
import subprocess

import pytest

import netns
from wait import wait_until

ADDRESS = ("192.0.2.10", 8443)


@pytest.fixture(scope="module")
def keys(tmp_path_factory):
    """A certificate for the address, its key, and tokens."""
    directory = tmp_path_factory.mktemp("keys")
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
                    "ec_paramgen_curve:P-256", "-nodes", "-days", "2", "-subj", "/CN=vrouter",
                    "-addext", f"subjectAltName=IP:{ADDRESS[0]}", "-keyout", directory / "key.pem",
                    "-out", directory / "cert.pem"], check=True, capture_output=True, timeout=30)
    made = {"cert": directory / "cert.pem", "key": directory / "key.pem",
            "file": directory / "tokens", "admin": secrets.token_hex(32),
            "monitor": secrets.token_urlsafe(32)}
    write_tokens(made, f"# who may\nadmin {made['admin']}\nmonitor {made['monitor']} read\n")
    return made


def write_tokens(keys, text):
    keys["file"].touch(mode=0o600)
    keys["file"].write_text(text, encoding="ascii")


@pytest.fixture(scope="module")
def secured(site, keys):
    """The site with control on a TCP address of its management namespace."""
    netns.run(["ip", "address", "add", f"{ADDRESS[0]}/32", "dev", "lo"], site.router.management)
    assert site.router.control.stop() == 0
    site.router.control_options = ["--listen", f"{ADDRESS[0]}:{ADDRESS[1]}", "--tokens",
                                   keys["file"], "--tls-certificate", keys["cert"],
                                   "--tls-key", keys["key"]]
    site.router.start_control()
    yield site
    site.router.control_options = []


def connect(site, timeout=10):
    with netns.entered(site.router.management):
        return socket.create_connection(ADDRESS, timeout=timeout)


def ask(site, keys, method="GET", path="/v1/config", token=None, body=None):
    context = ssl.create_default_context(cafile=keys["cert"])
    connection = http.client.HTTPSConnection(*ADDRESS, timeout=20, context=context)
    connection.sock = context.wrap_socket(connect(site), server_hostname=ADDRESS[0])
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    try:
        connection.request(method, path, json.dumps(body) if body is not None else None, headers)
        reply = connection.getresponse()
        return reply.status, dict(reply.headers), reply.read().decode()
    finally:
        connection.close()


def test_roles(secured, keys):
    status, headers, text = ask(secured, keys)
    assert status == 401 and headers["WWW-Authenticate"] == "Bearer"
    assert "vips" not in text
    assert ask(secured, keys, token="x" * 40)[0] == 401
    status, headers, text = ask(secured, keys, token=keys["monitor"])
    assert status == 200 and json.loads(text) == secured.config
    assert ask(secured, keys, "PUT", token=keys["monitor"], body=secured.config)[0] == 403
    changed = secured.changed(hostname="by-token")
    assert ask(secured, keys, "PUT", token=keys["admin"], body=changed)[0] == 200
    newest = secured.api.get("/v1/config/revisions?limit=1")["items"][0]
    assert newest["author"] == "token admin"
    secured.router.put(secured.config)


def test_every_resource_needs_a_token(secured, keys):
    for path in ("/v1/state", "/metrics", "/healthz", "/v1/nothing", "/"):
        assert ask(secured, keys, path=path)[0] in (401, 429)


def test_without_tls_nothing_is_said(secured):
    with connect(secured) as client:
        client.sendall(b"GET /v1/config HTTP/1.1\r\nHost: x\r\n\r\n")
        said = b""
        try:
            while part := client.recv(4096):
                said += part
        except ConnectionError:
            pass
    assert b"HTTP/1.1 200" not in said and b"interfaces" not in said


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_versions(secured, keys, version):
    context = ssl.create_default_context(cafile=keys["cert"])
    context.minimum_version = context.maximum_version = version
    with context.wrap_socket(connect(secured), server_hostname=ADDRESS[0]) as client:
        assert client.version() == version.name.replace("_", ".")


def test_old_versions_are_refused(secured):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.set_ciphers("ALL:@SECLEVEL=0")
    context.minimum_version = ssl.TLSVersion.TLSv1
    context.maximum_version = ssl.TLSVersion.TLSv1_1
    with pytest.raises((ssl.SSLError, ConnectionError)):
        context.wrap_socket(connect(secured), server_hostname=ADDRESS[0])


def test_clients_that_never_speak_are_in_nobodys_way(secured, keys):
    """As many as one address may have: those of the local socket are not concerned."""
    held = [connect(secured) for _ in range(40)]
    try:
        assert secured.api.request("GET", "/v1/config").status == 200
    finally:
        for client in held:
            client.close()
    wait_until(lambda: ask(secured, keys, token=keys["admin"])[0] == 200)


def test_tokens_are_read_again(secured, keys):
    fresh = secrets.token_hex(32)
    write_tokens(keys, f"admin {fresh}\n")
    secured.router.control.send(signal.SIGHUP)
    wait_until(lambda: ask(secured, keys, token=fresh)[0] == 200)
    assert ask(secured, keys, token=keys["admin"])[0] in (401, 429)
    write_tokens(keys, "admin short\n")
    secured.router.control.send(signal.SIGHUP)
    wait_until(lambda: "the old ones stay" in secured.router.control.output())
    assert ask(secured, keys, token=fresh)[0] == 200
    assert fresh not in secured.router.control.output()
