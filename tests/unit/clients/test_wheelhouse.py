# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import subprocess
import tarfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.ent.renfort.plugins.module_utils import wheelhouse
from ansible_collections.ent.renfort.plugins.module_utils.wheelhouse import (
    Request,
    Target,
    WheelhouseError,
    prepare,
)

HASH = "0" * 64


class Index:
    """Stands where pip would run: puts one wheel into --dest, or complains."""

    def __init__(self) -> None:
        self.calls: list[list[str]] = []
        self.complaint = ""

    def run(self, argv: list[str], **_: Any) -> subprocess.CompletedProcess[str]:
        self.calls.append(argv)
        if self.complaint:
            return subprocess.CompletedProcess(argv, 1, "", self.complaint)
        folder = Path(argv[argv.index("--dest") + 1])
        folder.mkdir()
        (folder / "one-1.0-py3-none-any.whl").write_bytes(b"wheel")
        return subprocess.CompletedProcess(argv, 0, "", "")


@pytest.fixture
def index(monkeypatch: pytest.MonkeyPatch) -> Index:
    standing_in = Index()
    monkeypatch.setattr(wheelhouse.subprocess, "run", standing_in.run)
    return standing_in


@pytest.fixture
def request_(tmp_path: Path) -> Request:
    source = tmp_path / "project"
    (source / "app" / "__pycache__").mkdir(parents=True)
    (source / "app" / "main.py").write_text("print()\n")
    (source / "app" / "__pycache__" / "main.pyc").write_bytes(b"left by a tool")
    requirements = tmp_path / "requirements.txt"
    requirements.write_text(f"# pinned\none==1.0 \\\n    --hash=sha256:{HASH}\n")
    return Request(
        requirements=requirements,
        sources=(source,),
        target=Target(python="3.13", architecture="x86_64"),
        cache=tmp_path / "cache",
    )


def test_the_archive_holds_requirements_wheels_and_sources(index: Index, request_: Request) -> None:
    archive = prepare(request_)
    with tarfile.open(archive.path) as tar:
        assert tar.getnames() == [
            "project/app/main.py",
            "requirements.txt",
            "wheels/one-1.0-py3-none-any.whl",
        ]
    assert archive.made


def test_the_index_is_asked_once(index: Index, request_: Request) -> None:
    first = prepare(request_)
    again = prepare(request_)
    assert (again.made, again.path.read_bytes()) == (False, first.path.read_bytes())
    (request_.sources[0] / "app" / "main.py").write_text("print(1)\n")
    assert prepare(request_).digest != first.digest
    assert len(index.calls) == 1


def test_machines_that_ask_at_once_fetch_once(index: Index, request_: Request) -> None:
    with ThreadPoolExecutor(8) as pool:
        archives = list(pool.map(lambda _: prepare(request_), range(8)))
    assert len(index.calls) == 1
    assert len({archive.digest for archive in archives}) == 1


def test_check_mode_knows_the_digest_and_writes_nothing(index: Index, request_: Request) -> None:
    rehearsed = prepare(request_, dry_run=True)
    assert (rehearsed.present, index.calls, request_.cache.exists()) == (False, [], False)
    assert prepare(request_).digest == rehearsed.digest


def test_wheels_are_chosen_for_the_machines_with_their_hashes(index: Index, request_: Request) -> None:
    prepare(replace(request_, target=Target(python="3.13", architecture="aarch64")))
    (call,) = index.calls
    assert call[call.index("--python-version") + 1] == "3.13"
    assert "manylinux2014_aarch64" in call
    assert {"--require-hashes", "--no-deps", "--only-binary"} <= set(call)


def test_an_index_that_is_not_reached_is_named_with_what_to_do(index: Index, request_: Request) -> None:
    index.complaint = "WARNING: retrying\nERROR: Could not find a version that satisfies one==1.0\n"
    with pytest.raises(
        WheelhouseError, match=r"Could not find a version.*needs a package index once"
    ) as error:
        prepare(request_)
    assert str(request_.cache) in str(error.value)
    assert list(request_.cache.glob("*.tar")) == []


@pytest.mark.parametrize("line", ["one", "one>=1.0", "one==1.0", f"one==1.0 --hash=md5:{HASH}", ""])
def test_packages_without_version_or_hash_are_refused(index: Index, request_: Request, line: str) -> None:
    request_.requirements.write_text(f"{line}\n")
    with pytest.raises(WheelhouseError, match="for every package"):
        prepare(request_)
    assert index.calls == []


def test_an_unknown_architecture_is_refused(index: Index, request_: Request) -> None:
    with pytest.raises(WheelhouseError, match="riscv64"):
        prepare(replace(request_, target=Target(python="3.13", architecture="riscv64")))


def test_sources_that_would_hide_each_other_are_refused(
    index: Index, request_: Request, tmp_path: Path
) -> None:
    (tmp_path / "other" / "project").mkdir(parents=True)
    with pytest.raises(WheelhouseError, match="each other's place"):
        prepare(replace(request_, sources=(*request_.sources, tmp_path / "other" / "project")))
    with pytest.raises(WheelhouseError, match="no folder"):
        prepare(replace(request_, sources=(tmp_path / "nowhere",)))
