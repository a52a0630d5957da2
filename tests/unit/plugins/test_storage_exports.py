# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Exports as the inventory says them: completed, and refused where they could not be served."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.ent.renfort.plugins.module_utils.storage_exports import complete, problems

EURE = {"tenant": "eure", "networks": ["10.83.1.21"]}
MARNE = {"tenant": "marne", "networks": ["10.83.2.0/24"], "directory": "m", "squash": "root", "owner_id": 7}


def completed(*exports: dict[str, Any]) -> list[dict[str, Any]]:
    return complete(exports, mount="/srv/storage", owner_id=6500)


def test_what_is_left_out_has_a_value() -> None:
    eure, marne = completed(EURE, MARNE)
    assert {key: eure[key] for key in ("path", "quota_gib", "squash", "read_only", "owner_id")} == {
        "path": "/srv/storage/eure",
        "quota_gib": 0,
        "squash": "all",
        "read_only": False,
        "owner_id": 6500,
    }
    assert (marne["path"], marne["squash"], marne["owner_id"]) == ("/srv/storage/m", "root", 7)


def test_an_export_keeps_its_id_whatever_others_come_and_wherever_it_is_mounted() -> None:
    alone = completed(EURE)[0]["id"]
    assert completed(MARNE, EURE)[0]["id"] == alone
    assert complete([EURE], mount="/data", owner_id=1)[0]["id"] == alone
    assert 1 <= alone <= 65534
    assert completed(EURE | {"id": 12})[0]["id"] == 12


def test_good_exports_have_no_problem() -> None:
    assert problems([EURE, MARNE]) == []


@pytest.mark.parametrize(
    ("export", "said"),
    [
        ({"networks": ["10.0.0.1"]}, "needs a tenant"),
        ({"tenant": "eure"}, "needs networks"),
        (EURE | {"networks": ["10.83.1.21/24"]}, "10.83.1.21/24 is no network"),
        (EURE | {"squash": "some"}, "expected one of all, root, none"),
        (EURE | {"quota_gib": "2G"}, "quota_gib 2G"),
        (EURE | {"id": 65535}, "id 65535"),
        (EURE | {"directory": "../etc"}, "one name without /"),
        (EURE | {"directory": ".."}, "one name without /"),
        (EURE | {"quota": 3}, "unknown key quota"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_each_fault_is_told(export: dict[str, Any], said: str) -> None:
    assert said in "; ".join(problems([export]))


def test_two_exports_share_neither_directory_nor_id() -> None:
    assert "the directory eure is exported twice" in "; ".join(problems([EURE, EURE | {"id": 3}]))
    twins = problems([EURE | {"id": 3}, MARNE | {"id": 3}])
    assert twins == ["the directories eure and m have the id 3: give one of them another (id: 1 to 65534)"]
