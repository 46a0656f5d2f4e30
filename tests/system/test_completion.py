# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 the vrouter authors
"""Completion in a real bash; and what the manual page, the help and the program know is the same."""

import os
import pathlib
import re
import subprocess
import tempfile

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
VRCTL = pathlib.Path(os.environ.get("VROUTER_BUILD", ROOT / "build")) / "control/vrctl/vrctl"

COMPLETE = """
PATH={path}:$PATH
source {script}
COMP_WORDS=({words})
COMP_CWORD=$((${{#COMP_WORDS[@]}} - 1))
_vrctl
printf '%s\\n' "${{COMPREPLY[@]}}"
"""


def complete(words, cwd="/"):
    script = COMPLETE.format(path=VRCTL.parent, script=ROOT / "configs/completion/vrctl",
                             words=words)
    done = subprocess.run(["bash", "-c", script], cwd=cwd, text=True, capture_output=True,
                          timeout=20, check=True)
    assert done.stderr == ""
    return {word for word in done.stdout.splitlines() if word}


@pytest.mark.parametrize("words, expected", [
    ("vrctl con", {"config", "confirm"}),
    ("vrctl config p", {"put", "patch"}),
    ("vrctl show rou", {"routes", "routes-compare"}),
    ("vrctl nat sessions --max", {"--max-age"}),
    ("vrctl nothing ''", set()),
])
def test_words(words, expected):
    assert complete(words) == expected


def test_files():
    with tempfile.TemporaryDirectory() as directory:
        (pathlib.Path(directory) / "router.json").touch()
        assert complete("vrctl config put rou", directory) == {"router.json"}
        assert "router.json" in complete("vrctl commit confirm 60 ''", directory)


def help_commands():
    text = subprocess.run([VRCTL, "help"], text=True, capture_output=True, timeout=20,
                          check=True).stdout
    return set(re.findall(r"^  ([a-z]+)", text, re.MULTILINE))


def test_help_knows_every_command():
    words = {word for word in complete("vrctl ''") if not word.startswith("-")}
    views = complete("vrctl show ''")
    assert words - views <= help_commands()


def test_manual_page_is_valid_and_complete():
    page = ROOT / "docs/man/vrctl.8"
    done = subprocess.run(["mandoc", "-Tlint", "-Wwarning", page], text=True, capture_output=True,
                          timeout=20, check=False)
    assert done.stdout == ""
    text = subprocess.run(["mandoc", "-Tascii", page], text=True, capture_output=True, timeout=20,
                          check=True).stdout
    plain = re.sub(".\b", "", text)
    for word in help_commands() | complete("vrctl nat ''") | complete("vrctl show ''"):
        assert word in plain, word
    for command in ("nat sessions", "config put", "history"):
        for option in complete(f"vrctl {command} --"):
            assert option in plain, option
