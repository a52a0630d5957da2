# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Passwords of the machines that save, and what is refused before a machine is touched."""

from __future__ import annotations

import base64
import hashlib
from typing import Any

import pytest

from ansible_collections.ent.renfort.plugins.module_utils.backup_accounts import (
    AccountError,
    clients,
    htpasswd,
    password,
    problems,
)

SECRET = "a secret of twenty-some characters"
KEEP = {"within": "2d", "within_monthly": "1y6m"}


def test_every_machine_and_purpose_has_a_password_of_its_own() -> None:
    rows = clients(["b", "a", "b"], secret=SECRET)
    assert [row["name"] for row in rows] == ["a", "b"]
    words = [row[key] for row in rows for key in ("transport_password", "repository_password")]
    assert len(set(words)) == 4
    assert min(map(len, words)) >= 40
    assert password(SECRET, name="a", purpose="transport") == rows[0]["transport_password"]


@pytest.mark.parametrize(("secret", "purpose"), [("short", "transport"), (SECRET, "root")])
def test_a_weak_secret_or_an_unknown_purpose_is_refused(secret: str, purpose: str) -> None:
    with pytest.raises(AccountError) as refused:
        password(secret, name="a", purpose=purpose)
    assert secret not in str(refused.value)


def test_the_server_gets_hashes_only() -> None:
    rows = clients(["a", "b"], secret=SECRET)
    text = htpasswd(rows)
    digest = base64.b64encode(hashlib.sha1(rows[0]["transport_password"].encode()).digest()).decode()
    assert text.splitlines()[0] == f"a:{{SHA}}{digest}"
    assert not [row for row in rows if row["transport_password"] in text]


def test_good_clients_have_no_problem() -> None:
    assert problems(clients(["a", "b"], secret=SECRET), keep=KEEP) == []


@pytest.mark.parametrize(
    ("row", "keep", "said"),
    [
        ({"name": "../x"}, KEEP, "'../x' is not usable"),
        ({"transport_password": "short"}, KEEP, "transport_password of a is shorter"),
        ({}, {}, "backup_keep is empty"),
        ({}, {"daily": "3d"}, "unknown key daily"),
        ({}, {"within_century": "3d"}, "unknown key within_century"),
        ({}, {"within": "3"}, "backup_keep within is 3"),
    ],
)
def test_each_fault_is_told_without_a_password(row: dict[str, Any], keep: dict[str, str], said: str) -> None:
    rows = [clients(["a"], secret=SECRET)[0] | row]
    text = "; ".join(problems(rows, keep=keep))
    assert said in text
    assert rows[0]["repository_password"] not in text


def test_a_name_stands_once() -> None:
    rows = clients(["a"], secret=SECRET) * 2
    assert problems(rows, keep=KEEP) == ["a stands twice in backup_clients"]
