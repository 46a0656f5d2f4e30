# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 the vrouter authors
"""No text of a document can become something else in the configuration of another program.

Usage: injection_test.py RENDER_CHECK SOURCE_ROOT. Every value of the good documents, and so every text
of the schema, is replaced by hostile ones, alone and together with what refers to it. The validator
refuses it, or it is at a place that may hold such characters (MAY) and FRR is told what it was told
before."""

import copy
import json
import pathlib
import subprocess
import sys
import unittest

CHECK, ROOT = sys.argv[1], pathlib.Path(sys.argv[2])
SCHEMA = json.loads((ROOT / "configs/schema.json").read_text())
DOCUMENTS = [json.loads(path.read_text()) for path in sorted(
    [*(ROOT / "tests/unit/config/corpus/good").glob("*.json"),
     *(ROOT / "configs/examples").glob("*.json")])]

CHARACTERS = ["\n", "\r", "\t", "\v", "\0", "\x01", "\x1b", "\x7f", " ", "!", "#", '"', "'", "`", "\\",
              "|", "?", ";", "$", "&", "<", ">", "(", "{", "}", "[", "*", "^", "\u0085", "\u00e9",
              "\u2028", "\U0001f600"]
LINE = "\n ip ospf area 0.0.0.66\n"
LONG = "a" * 10000
# Where hostile characters are what is meant, and go nowhere as text of a configuration.
PRINTABLE = {c for c in CHARACTERS if " " <= c <= "~"}
MAY = {
    "/ipsec/*/psk": PRINTABLE,
    "/ipsec/*/local_id": {" ", "*"},
    "/ipsec/*/remote_id": {" ", "*"},
    "/load_balancers/*/listeners/*/health_check/uri": {"?", "&"},
    "/load_balancers/*/listeners/*/certificate": PRINTABLE | {"\n", "\r", "\t", LINE, LONG},
}


def leaves(value, at=()):
    """[(path, value)] of all that is neither object nor list."""
    if isinstance(value, dict):
        return [leaf for key, v in value.items() for leaf in leaves(v, (*at, key))]
    if isinstance(value, list):
        return [leaf for i, v in enumerate(value) for leaf in leaves(v, (*at, i))]
    return [(at, value)]


def generic(path):
    return "".join("/*" if isinstance(step, int) else f"/{step}" for step in path)


def texts_of(node, at=""):
    """The places of the schema that hold texts."""
    if "$ref" in node:
        yield from texts_of(SCHEMA["$defs"][node["$ref"].rpartition("/")[2]], at)
    kinds = node.get("type", [])
    if "string" in ([kinds] if isinstance(kinds, str) else kinds) or any(
            isinstance(v, str) for v in node.get("enum", [])):
        yield at
    for key, inner in node.get("properties", {}).items():
        yield from texts_of(inner, f"{at}/{key}")
    if "items" in node:
        yield from texts_of(node["items"], f"{at}/*")
    for inner in node.get("anyOf", []):
        yield from texts_of(inner, at)


def set_at(document, path, value):
    for step in path[:-1]:
        document = document[step]
    document[path[-1]] = value


def hostile(value):
    """[(what is hostile in it, text)]"""
    text = value if isinstance(value, str) else json.dumps(value)
    made = [(c, t) for c in CHARACTERS for t in (text + c, c + text, text[:1] + c + text[1:])]
    return made + [(LINE, text + LINE), (LONG, text + LONG), (LONG, LONG)]


def cases():
    """[(place, what, document, the document as it was)]; each place of the model once."""
    seen, made = set(), []
    for document in DOCUMENTS:
        for path, value in leaves(document):
            place = generic(path)
            if place in seen:
                continue
            seen.add(place)
            same = [p for p, v in leaves(document) if v == value and isinstance(v, str)]
            for what, text in hostile(value):
                for paths in ([path], same) if len(same) > 1 else ([path],):
                    changed = copy.deepcopy(document)
                    for p in paths:
                        set_at(changed, p, text)
                    made.append((place, what, changed, document))
    return made


def rendered(documents):
    """What FRR would be told of each document, None: the document is refused."""
    text = "".join(json.dumps(d) + "\n" for d in documents)
    done = subprocess.run([CHECK], input=text, capture_output=True, text=True, check=True, timeout=100)
    said = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(said) == len(documents)
    return said


class NothingIsInjected(unittest.TestCase):
    def test_every_text_of_the_schema_is_in_a_document(self):
        places = {generic(path) for document in DOCUMENTS for path, _ in leaves(document)}
        self.assertEqual(sorted(set(texts_of(SCHEMA)) - places), [])

    def test_documents_are_good_and_tell_frr_something(self):
        said = rendered(DOCUMENTS)
        self.assertNotIn(None, said)
        self.assertTrue(any("ip ospf message-digest-key" in text for text in said))

    def test_hostile_texts(self):
        every = cases()
        before = dict(zip(map(id, DOCUMENTS), rendered(DOCUMENTS)))
        accepted = {}
        for (place, what, _, was), text in zip(every, rendered([case[2] for case in every])):
            if text is None:
                continue
            self.assertIn(what, MAY.get(place, ()), f"{place} takes {what[:30]!r}")
            self.assertEqual(text, before[id(was)], f"{place} with {what[:30]!r} reaches FRR")
            accepted.setdefault(place, set()).add(what)
        self.assertEqual({p: w for p, w in MAY.items() if accepted.get(p) != w}, {},
                         f"not taken any more: {accepted}")


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
