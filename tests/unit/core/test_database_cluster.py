# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What Patroni lists, for people and for those who wait."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.ent.renfort.plugins.filter.database_members import database_members
from ansible_collections.ent.renfort.plugins.filter.database_settled import database_settled

LEADER = {"name": "db-2", "role": "leader", "state": "running", "timeline": 3}
SYNC = {"name": "db-1", "role": "sync_standby", "state": "streaming", "timeline": 3, "lag": 0}
REPLICA = {"name": "db-3", "role": "replica", "state": "streaming", "timeline": 3, "lag": 0}


def test_the_leader_comes_first() -> None:
    late = REPLICA | {"lag": 4096, "pending_restart": True}
    assert database_members([late, SYNC, LEADER]) == [
        "db-2: leader, running, timeline 3",
        "db-1: sync_standby, streaming, timeline 3, 0 bytes behind",
        "db-3: replica, streaming, timeline 3, 4096 bytes behind, waits for a restart",
    ]


def test_a_member_of_which_little_is_known_has_a_line_too() -> None:
    assert database_members([{"name": "db-4", "role": "replica", "state": "stopped", "lag": "unknown"}]) == [
        "db-4: replica, stopped, timeline ?, unknown bytes behind"
    ]


def test_a_cluster_is_settled_when_all_follow() -> None:
    assert database_settled([SYNC, LEADER, REPLICA], "db-2")
    assert database_settled([LEADER], "db-2")


@pytest.mark.parametrize(
    "members",
    [
        [],
        [SYNC, REPLICA],
        [LEADER | {"name": "db-1"}, SYNC | {"name": "db-2"}],
        [LEADER | {"state": "starting"}, SYNC],
        [LEADER, SYNC | {"lag": 1}],
        [LEADER, SYNC | {"lag": "unknown"}],
        [LEADER, SYNC | {"timeline": 2}],
        [LEADER, SYNC, REPLICA | {"state": "creating replica"}],
    ],
    ids=["nobody", "no leader", "another one leads", "starts", "behind", "unknown", "former timeline", "new"],
)
def test_a_cluster_is_not_settled_otherwise(members: list[dict[str, Any]]) -> None:
    assert not database_settled(members, "db-2")
