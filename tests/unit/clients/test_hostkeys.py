# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import shutil
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from ansible_collections.ent.renfort.plugins.module_utils.core.errors import RenfortError
from ansible_collections.ent.renfort.plugins.module_utils.hostkeys import KnownHosts

KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIF+zsNrcOVhoPb24m4a7+Vdxc1zeFgeDBHS6ULloQyKE"
OTHER = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "state" / "known_hosts"


def test_a_key_is_recorded_once_without_its_comment(file: Path) -> None:
    known = KnownHosts(file)

    assert known.record("10.83.20.12", f"{KEY} root@eure-web-02\n")
    assert not known.record("10.83.20.12", f"{KEY} another comment\n")

    assert file.read_text() == f"10.83.20.12 {KEY}\n"
    assert file.stat().st_mode & 0o777 == 0o600
    assert known.hosts() == {"10.83.20.12"}


def test_a_new_key_takes_the_place_of_the_old_one_and_of_nothing_else(file: Path) -> None:
    file.parent.mkdir()
    hashed = f"|1|abc=|def= {OTHER}"
    file.write_text(f"# ours\n10.0.0.1,10.0.0.2 {KEY}\n10.0.0.10 {KEY}\n{hashed}\n@revoked 10.0.0.1 {KEY}\n")

    assert KnownHosts(file).record("10.0.0.1", OTHER)

    assert file.read_text().splitlines() == [
        "# ours",
        f"10.0.0.2 {KEY}",
        f"10.0.0.10 {KEY}",
        hashed,
        f"@revoked 10.0.0.1 {KEY}",
        f"10.0.0.1 {OTHER}",
    ]


def test_a_forgotten_host_has_no_key_left(file: Path) -> None:
    known = KnownHosts(file)
    known.record("10.0.0.1", KEY)

    assert known.forget("10.0.0.1")
    assert not known.forget("10.0.0.1")
    assert known.hosts() == frozenset()


def test_keys_recorded_at_the_same_time_are_all_kept(file: Path) -> None:
    addresses = [f"10.0.0.{number}" for number in range(1, 41)]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda address: KnownHosts(file).record(address, KEY), addresses))

    assert KnownHosts(file).hosts() == set(addresses)


@pytest.mark.parametrize("text", ["", "cat: no such file", "ssh-ed25519", "ssh-ed25519 short"])
def test_what_is_no_public_key_is_not_recorded(file: Path, text: str) -> None:
    with pytest.raises(RenfortError, match=r"10\.0\.0\.1 gave"):
        KnownHosts(file).record("10.0.0.1", text)
    assert not file.exists()


def test_a_file_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    blocked = tmp_path / "a-file"
    blocked.write_text("")
    with pytest.raises(RenfortError, match="a-file/known_hosts"):
        KnownHosts(blocked / "known_hosts").record("10.0.0.1", KEY)


@pytest.mark.skipif(shutil.which("ssh-keygen") is None, reason="OpenSSH's client is not installed")
def test_openssh_finds_what_was_recorded(file: Path) -> None:
    KnownHosts(file).record("10.0.0.1", KEY)

    found = subprocess.run(
        ["ssh-keygen", "-F", "10.0.0.1", "-f", str(file)], capture_output=True, text=True, check=True
    )

    assert KEY in found.stdout
