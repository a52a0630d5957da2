# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Limits of space: what is set when, and that a second look finds nothing to do."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from ansible_collections.ent.renfort.plugins.module_utils.project_quotas import (
    Project,
    QuotaError,
    commands,
    needs,
    parse_limits,
    parse_number,
)

REPORT = """#0                   4          0          0     00 [--------]
#7                2048          0    1048576     00 [--------]
#9                   0          0          0     00 [--------]
"""


class FileSystem:
    """An XFS file system as xfs_quota and xfs_io show it."""

    def __init__(self) -> None:
        self.numbers = {"/srv/storage/eure": 7, "/srv/storage/marne": 0}
        self.limits = {7: 2**20, 9: 0}

    def ask(self, argv: Sequence[str]) -> str:
        if argv[0] == "xfs_io":
            return f"projid = {self.numbers[argv[-1]]}\n"
        words = argv[3].split()
        if words[0] == "project":
            self.numbers[words[3]] = int(words[4])
        elif words[0] == "limit":
            self.limits[int(words[4])] = int(words[3].removeprefix("bhard=").removesuffix("k"))
        return "".join(f"#{number}  10  0  {kib}  00 [--------]\n" for number, kib in self.limits.items())


def project(name: str, number: int, gib: int) -> Project:
    return Project(path=f"/srv/storage/{name}", number=number, gib=gib)


def test_limits_are_read() -> None:
    assert parse_limits(REPORT) == {0: 0, 7: 2**20, 9: 0}


def test_a_directory_without_a_number_cannot_be_read() -> None:
    assert parse_number("projid = 42\n") == 42
    with pytest.raises(QuotaError, match="no project number"):
        parse_number("")


def test_only_what_differs_is_set_and_a_second_look_finds_nothing() -> None:
    disk = FileSystem()
    wanted = [project("eure", 7, 1), project("marne", 8, 5)]
    lacking = needs(wanted, mount="/srv/storage", ask=disk.ask)
    assert [need.project.path for need in lacking] == ["/srv/storage/marne"]
    assert [command[3] for command in commands(lacking[0], mount="/srv/storage")] == [
        "project -s -p /srv/storage/marne 8",
        "limit -p bsoft=0 bhard=5242880k 8",
    ]
    for command in commands(lacking[0], mount="/srv/storage"):
        disk.ask(command)
    assert needs(wanted, mount="/srv/storage", ask=disk.ask) == []


def test_another_limit_does_not_walk_through_the_files_again() -> None:
    disk = FileSystem()
    lacking = needs([project("eure", 7, 0)], mount="/srv/storage", ask=disk.ask)
    assert [command[3] for command in commands(lacking[0], mount="/srv/storage")] == [
        "limit -p bsoft=0 bhard=0k 7"
    ]
