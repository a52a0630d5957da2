# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module config_fragments, run as Ansible runs it, against a small judge in the daemon's place."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.ent.renfort.plugins.module_utils.config_fragments import (
    FragmentError,
    Verdict,
    assemble,
    check_names,
    refusal,
)

ROOT = Path(__file__).parents[3]
MODULE = "ansible_collections.ent.renfort.plugins.modules.config_fragments"
JUDGE = """
import sys
for number, line in enumerate(open(sys.argv[1]), 1):
    if line.startswith("bad"):
        print(f"[ALERT] (7) : parsing [{sys.argv[1]}:{number}] : unknown keyword 'bad'", file=sys.stderr)
        sys.exit(1)
    if line.startswith("odd"):
        print(f"[WARNING] (7) : parsing [{sys.argv[1]}:{number}] : odd but possible", file=sys.stderr)
"""


class Machine:
    """A directory in place of a machine: its fragments, its file, its judge."""

    def __init__(self, root: Path) -> None:
        self.directory = root / "fragments"
        self.dest = root / "daemon.cfg"
        self.judge = root / "judge.py"
        self.judge.write_text(JUDGE, encoding="utf-8")
        self.root = root

    def run(self, fragments: dict[str, str] | None, *, check: bool = False, **options: Any) -> dict[str, Any]:
        args = {
            "directory": str(self.directory),
            "dest": str(self.dest),
            "owner": "haproxy",
            "validate": f"{sys.executable} {self.judge} %s",
            "warning_pattern": r"^\[WARNING\]",
            "_ansible_check_mode": check,
            "_ansible_remote_tmp": str(self.root / "remote"),
            **options,
        }
        if fragments is not None:
            args["fragments"] = [{"name": name, "content": text} for name, text in fragments.items()]
        done = subprocess.run(
            [sys.executable, "-m", MODULE],
            input=json.dumps({"ANSIBLE_MODULE_ARGS": args}),
            capture_output=True,
            text=True,
            check=False,
            cwd=ROOT,
            env=os.environ | {"PYTHONPATH": str(ROOT / "collections")},
        )
        result: dict[str, Any] = json.loads(done.stdout)
        return result

    @property
    def names(self) -> list[str]:
        return sorted(path.name for path in self.directory.glob("*"))


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


TWO = {
    "000-haproxy-global.cfg": "global\n    digest @fragments_digest@",
    "400-haproxy-eure.cfg": "backend eure",
}


def test_fragments_are_joined_in_the_order_of_their_names(machine: Machine) -> None:
    result = machine.run(dict(reversed(TWO.items())))
    assert result["changed"] is True
    digest = result["digest"]
    assert len(digest) == 64
    assert machine.dest.read_text() == f"global\n    digest {digest}\n\nbackend eure\n\n"
    assert machine.names == sorted(TWO)


def test_a_second_run_changes_nothing(machine: Machine) -> None:
    first = machine.run(TWO)
    before = machine.dest.stat()
    second = machine.run(TWO)
    assert (second["changed"], second["written"], second["removed"]) == (False, [], [])
    assert second["digest"] == first["digest"]
    assert machine.dest.stat().st_mtime_ns == before.st_mtime_ns


def test_the_owner_s_absent_fragments_go_and_those_of_others_stay(machine: Machine) -> None:
    machine.run(TWO)
    machine.run({"310-shield-rules.cfg": "    deny"}, owner="shield")
    result = machine.run({"000-haproxy-global.cfg": "global"})
    assert result["removed"] == ["400-haproxy-eure.cfg"]
    assert machine.names == ["000-haproxy-global.cfg", "310-shield-rules.cfg"]
    assert machine.dest.read_text() == "global\n\n    deny\n\n"


def test_a_refused_fragment_stays_nowhere_and_the_daemon_is_quoted(machine: Machine) -> None:
    machine.run(TWO)
    live = machine.dest.read_text()
    result = machine.run(TWO | {"500-haproxy-worse.cfg": "# a comment\nbad"})
    assert result["failed"] is True
    assert "parsing [500-haproxy-worse.cfg:2] : unknown keyword 'bad'" in result["msg"]
    assert "nothing was changed" in result["msg"]
    assert machine.dest.read_text() == live
    assert machine.names == sorted(TWO)


def test_a_warning_refuses_unless_it_is_listed(machine: Machine) -> None:
    odd = {"500-haproxy-odd.cfg": "odd"}
    refused = machine.run(odd)
    assert refused["failed"] is True
    assert "[500-haproxy-odd.cfg:1] : odd but possible" in refused["msg"]
    assert not machine.dest.exists()
    assert machine.run(odd, accepted_warnings=["odd but possible"])["changed"] is True


def test_check_mode_judges_and_writes_nothing(machine: Machine) -> None:
    result = machine.run(TWO, check=True)
    assert (result["changed"], result["validated"]) == (True, True)
    assert "backend eure" in result["diff"]["after"]
    assert not machine.dest.exists()
    assert not machine.directory.exists()
    assert machine.run({"500-haproxy-worse.cfg": "bad"}, check=True)["failed"] is True


def test_check_mode_before_the_daemon_is_installed_judges_nothing(machine: Machine) -> None:
    result = machine.run(TWO, check=True, validate="/nonexistent/daemon -c %s")
    assert (result["changed"], result["validated"]) == (True, False)


def test_without_fragments_the_file_is_assembled_from_what_is_there(machine: Machine) -> None:
    machine.run(TWO)
    (machine.directory / "310-shield-rules.cfg").write_text("    deny\n")
    assert machine.run(None)["changed"] is True
    assert "    deny" in machine.dest.read_text()
    assert machine.run(None)["changed"] is False


def test_a_live_file_edited_by_hand_is_put_right(machine: Machine) -> None:
    machine.run(TWO)
    machine.dest.write_text("by hand\n")
    assert machine.run(TWO)["changed"] is True
    assert "backend eure" in machine.dest.read_text()


def test_the_file_takes_the_mode_asked_for(machine: Machine) -> None:
    assert machine.run(TWO, mode="0600")["changed"] is True
    assert machine.dest.stat().st_mode & 0o777 == 0o600
    assert machine.run(TWO, mode="0600")["changed"] is False


@pytest.mark.parametrize(
    "name", ["10-haproxy-x.cfg", "100-shield-x.cfg", "100-haproxy-x.conf", "../100-haproxy-x.cfg"]
)
def test_a_name_without_order_or_owner_is_refused(name: str) -> None:
    with pytest.raises(FragmentError, match="three digits"):
        check_names([name], owner="haproxy")


def test_a_name_given_twice_is_refused() -> None:
    with pytest.raises(FragmentError, match=r"Several fragments are named 100-haproxy-a\.cfg"):
        check_names(["100-haproxy-a.cfg", "100-haproxy-a.cfg"], owner="haproxy")


def test_the_digest_tells_two_configurations_apart() -> None:
    one, other = ({"000-a-b.cfg": text} for text in ("digest @", "other @"))
    assert assemble(one, marker="@").digest != assemble(other, marker="@").digest
    assert assemble(one, marker="@").digest in assemble(one, marker="@").text


def test_a_silent_refusal_has_words_all_the_same() -> None:
    assert refusal(Verdict(status=3, output=""), warning="", accepted=[]) == "exit status 3 without a word"
