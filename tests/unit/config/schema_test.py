# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 the vrouter authors
"""configs/schema.json and the validator in C agree on every good, bad and example configuration.

Usage: schema_test.py CONFIG_CHECK SOURCE_ROOT. The schema cannot see what holds between values
(references, overlaps): files that corpus/manifest.json marks as semantic may pass it."""

import json
import pathlib
import subprocess
import sys
import unittest

import jsonschema

CHECK, ROOT = sys.argv[1], pathlib.Path(sys.argv[2])
CORPUS = ROOT / "tests/unit/config/corpus"
SCHEMA = json.loads((ROOT / "configs/schema.json").read_text())
MANIFEST = json.loads((CORPUS / "manifest.json").read_text())
GOOD = sorted([*(CORPUS / "good").glob("*.json"), *(ROOT / "configs/examples").glob("*.json")])
BAD = sorted((CORPUS / "bad").glob("*.json"))


def check(paths):
    """What the validator in C says: {path: [problem, ...]}."""
    out = subprocess.run([CHECK, *map(str, paths)], check=True, capture_output=True, timeout=60)
    return json.loads(out.stdout)


def schema_errors(path):
    """The schema's complaints; None when the file is no JSON."""
    try:
        document = json.loads(path.read_text())
    except ValueError:
        return None
    validator = jsonschema.Draft202012Validator(SCHEMA)
    return list(validator.iter_errors(document))


def pointer(error):
    return "".join("/" + str(p).replace("~", "~0").replace("/", "~1") for p in error.absolute_path)


class SchemaAgrees(unittest.TestCase):
    def test_schema_is_valid(self):
        jsonschema.Draft202012Validator.check_schema(SCHEMA)

    def test_good(self):
        said = check(GOOD)
        for path in GOOD:
            with self.subTest(path.name):
                self.assertEqual([e.message for e in schema_errors(path)], [])
                self.assertEqual(said[str(path)], [])

    def test_bad(self):
        said = check(BAD)
        for path in BAD:
            with self.subTest(path.name):
                self.assertTrue(said[str(path)], "the validator accepts it")
                errors = schema_errors(path)
                if errors is None or path.stem.startswith("text-"):
                    continue
                if MANIFEST[path.stem].get("semantic"):
                    self.assertEqual(errors, [], "not semantic: the schema refuses it, too")
                else:
                    self.compare(path, errors)

    def compare(self, path, errors):
        """Every complaint of the schema is at, or above, a pointer that the manifest expects."""
        self.assertTrue(errors, "the schema accepts it")
        expected = [p["pointer"] for p in MANIFEST[path.stem]["problems"]]
        for error in errors:
            where = pointer(error)
            self.assertTrue(any(p == where or p.startswith(where + "/") for p in expected),
                            f"the schema complains at {where}: {error.message}")


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
