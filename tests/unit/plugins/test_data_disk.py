# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What becomes of a data disk: made when empty, grown when larger, refused when it holds something."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.ent.renfort.plugins.module_utils.data_disk import (
    Disk,
    DiskError,
    Signature,
    Step,
    decide,
    make_command,
    parse_file_system_bytes,
    parse_places,
    parse_signatures,
)

GIB = 2**30
OURS = Signature(type="xfs", label="storage", uuid="u")
XFS_INFO = """meta-data=/dev/sdb     isize=512    agcount=4, agsize=25600 blks
data     =                       bsize=4096   blocks=102400, imaxpct=25
naming   =version 2              bsize=4096   ascii-ci=0, ftype=1
"""
WIPEFS = """{"signatures": [
 {"device": "sdb", "offset": "0x0", "type": "xfs", "uuid": "ded5c1db", "label": "storage"},
 {"device": "sdb", "offset": "0x438", "type": "ext4", "uuid": "5cc3b950", "label": null}]}"""


def disk(**given: Any) -> Disk:
    values: dict[str, Any] = {"device": "/dev/sdb", "size_bytes": 10 * GIB, "signatures": (), "blank": True}
    return Disk(**values | given)


def decided(**given: Any) -> Step:
    return decide(disk(**given), label="storage", mount="/srv/storage")


def test_an_empty_disk_gets_a_file_system() -> None:
    assert decided() is Step.MAKE


def test_a_file_system_as_large_as_its_disk_is_kept() -> None:
    here = ("/srv/storage",)
    assert decided(signatures=(OURS,), mounted_at=here, file_system_bytes=10 * GIB) is Step.KEEP


def test_a_file_system_is_grown_with_its_disk() -> None:
    here = ("/srv/storage",)
    assert decided(signatures=(OURS,), mounted_at=here, file_system_bytes=8 * GIB) is Step.GROW


def test_a_rest_that_xfs_cannot_use_is_no_growth() -> None:
    size = 10 * GIB - 2**20
    assert decided(signatures=(OURS,), mounted_at=("/srv/storage",), file_system_bytes=size) is Step.KEEP


def test_what_is_not_mounted_is_kept_until_it_is() -> None:
    assert decided(signatures=(OURS,)) is Step.KEEP


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"signatures": (Signature(type="ext4", label="", uuid="u"),)}, "holds ext4;"),
        ({"signatures": (Signature(type="xfs", label="theirs", uuid="u"),)}, "holds xfs labelled theirs;"),
        ({"signatures": (Signature(type="LVM2_member", label="", uuid="u"),)}, "holds LVM2_member;"),
        ({"signatures": (OURS, Signature(type="gpt", label="", uuid=""))}, "xfs labelled storage, gpt;"),
        ({"blank": False}, "without a known signature"),
        ({"signatures": (OURS,), "mounted_at": ("/mnt",)}, "is mounted at /mnt"),
    ],
    ids=["ext4", "xfs of others", "volume", "ours and a table", "unknown data", "mounted elsewhere"],
)
def test_what_holds_something_is_refused(given: dict[str, Any], said: str) -> None:
    with pytest.raises(DiskError) as refused:
        decided(**given)
    assert said in str(refused.value)
    assert "Nothing was changed" in str(refused.value)


def test_nothing_is_ever_overwritten() -> None:
    command = make_command("/dev/sdb", label="storage")
    assert command == ["mkfs.xfs", "-q", "-L", "storage", "/dev/sdb"]
    assert "-f" not in command


def test_signatures_are_read() -> None:
    assert [(it.type, it.label) for it in parse_signatures(WIPEFS)] == [("xfs", "storage"), ("ext4", "")]
    assert parse_signatures("\n") == ()


def test_the_size_of_a_file_system_is_read() -> None:
    assert parse_file_system_bytes(XFS_INFO) == 400 * 2**20
    with pytest.raises(DiskError, match="no size"):
        parse_file_system_bytes("xfs_info: not mounted")


def test_places_are_found_by_the_number_of_the_device() -> None:
    table = (
        "21 1 8:16 / /srv/data\\040disk rw - xfs /dev/sdb rw\n22 1 8:17 / /mnt rw - xfs /dev/sdb1 rw\n"
        "23 1 8:16 /eure /srv/bound rw - xfs /dev/sdb rw\n"
    )
    assert parse_places(table, number="8:16") == ("/srv/data disk", "/srv/bound")
