# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 the vrouter authors
"""docs/openapi.json against a running router: the same resources, methods and query parameters, and
answers that are as described."""

import json
import pathlib
import re

import jsonschema
import pytest

from vpc import snat_everywhere, vips

SITE = {"vips": vips(), "snat": snat_everywhere()}
ROOT = pathlib.Path(__file__).resolve().parents[2]
API = json.loads((ROOT / "docs/openapi.json").read_text(encoding="utf-8"))
ROUTES = (ROOT / "control/api/routes.c").read_text(encoding="utf-8")
OPERATIONS = [(method, path) for path, methods in API["paths"].items() for method in methods]
EXAMPLE = {"{list}": "vips", "{name}": "vip-web", "{number}": "1"}


def concrete(path):
    for parameter, value in EXAMPLE.items():
        path = path.replace(parameter, value)
    return path


def described(method, path, status):
    """The schema of an answer, with its references resolved within the document."""
    answers = API["paths"][path][method]["responses"]
    assert str(status) in answers, f"{status} is not described"
    content = answers[str(status)]["content"]
    return {**next(iter(content.values()))["schema"], "components": API["components"]}


def check(method, path, reply):
    schema = described(method, path, reply.status)
    if "$ref" in schema and schema["$ref"].startswith("../"):
        schema = json.loads((ROOT / "configs/schema.json").read_text(encoding="utf-8"))
    if not reply.headers["Content-Type"].startswith("text/"):
        jsonschema.Draft202012Validator(schema).validate(reply.json())


def test_resources_are_those_of_the_program():
    """The patterns of the route table, its macros replaced."""
    macros = dict(re.findall(r'^#define (\w+)\s+((?:\w+ )?"[^"]*")$', ROUTES, re.M))
    table = re.search(r"routes\[\] = \{(.*?)\n\};", ROUTES, re.S)[1]
    found = set()
    for method, pattern in re.findall(r'\{ "(\w+)", ([^,]+),', table):
        while names := re.findall(r"\b[A-Z]+\b(?=[^\"]*(?:\"[^\"]*\"[^\"]*)*$)", pattern):
            for name in names:
                pattern = re.sub(rf"\b{name}\b", macros[name], pattern)
        found.add((method.lower(), pattern.replace('"', "").replace(" ", "").replace("...", "")))
    assert found == set(OPERATIONS)


@pytest.mark.parametrize("method, path", OPERATIONS)
def test_query_parameters(site, method, path):
    parameters = API["paths"][path][method].get("parameters", [])
    wanted = {p["name"] for p in parameters if p["in"] == "query"}
    reply = site.api.request(method.upper(), concrete(path) + "?nonsense=1")
    assert reply.status == 400
    known = re.search(r"known: (.*)$", reply.json()["detail"])
    assert set(known[1].split() if known else []) == wanted


@pytest.mark.parametrize("path", [path for method, path in OPERATIONS if method == "get"])
def test_answers(site, path):
    site.router.put(site.changed(hostname="twice"))
    site.router.put(site.config)
    check("get", path, site.api.request("GET", concrete(path)))


@pytest.mark.parametrize("body, query", [
    ("good", ""), ("good", "?dry_run=1"), ("other", "?dry_run=1"), ("bad", ""), ("{", "")])
def test_answers_to_changes(site, body, query):
    documents = {"good": site.config, "other": site.changed(hostname="other"),
                 "bad": site.changed(vips=7)}
    reply = site.api.request("PUT", "/v1/config" + query, documents.get(body, body))
    check("put", "/v1/config", reply)


def test_answers_to_a_trial(site):
    reply = site.api.request("PUT", "/v1/config?confirm=600", site.changed(hostname="trial"))
    check("put", "/v1/config", reply)
    for method, path in (("get", "confirm"), ("post", "confirm"), ("post", "confirm"),
                         ("get", "confirm"), ("post", "rollback")):
        path = f"/v1/config/{path}"
        check(method, path, site.api.request(method.upper(), path))
    assert site.api.get("config") == site.config
