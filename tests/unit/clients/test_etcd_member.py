# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A machine comes into a cluster of etcd without taking the others their majority."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import pytest

from ansible_collections.ent.renfort.plugins.module_utils import etcd_member
from ansible_collections.ent.renfort.plugins.module_utils.etcd_member import (
    EtcdError,
    Wish,
    admit,
    parse_members,
    promote,
    remove,
    settings_text,
)

WISH = Wish(name="db-3", peer="https://10.0.0.3:2380", first=False)


class Cluster:
    """Members that answer as etcdctl does; so many promotions or additions are refused first."""

    def __init__(self, *names: str, lag: int = 0, unsettled: int = 0, running: bool = True) -> None:
        self.members: list[dict[str, Any]] = []
        self.lag = lag
        self.unsettled = unsettled
        self.running = running
        for name in names:
            self._add(name, f"https://10.0.0.{name[-1]}:2380", learner=False)
        self.calls: list[str] = []

    def _add(self, name: str, peer: str, *, learner: bool) -> None:
        # Identifiers that no floating-point number holds.
        row = {"ID": 2**63 + 1 + len(self.members), "name": name, "peerURLs": [peer]}
        self.members.append(row | ({"isLearner": True} if learner else {}))

    def __call__(self, argv: Sequence[str]) -> tuple[int, str]:
        if not self.running:
            return 1, "context deadline exceeded"
        verb = argv[1]
        if verb == "list":
            return 0, json.dumps({"members": self.members})
        self.calls.append(" ".join(argv))
        if verb == "add" and self.unsettled:
            self.unsettled -= 1
            return 1, "Error: etcdserver: unhealthy cluster"
        if verb == "add":
            assert "--learner" in argv
            self._add("", argv[3].removeprefix("--peer-urls="), learner=True)
            return 0, ""
        chosen = next(it for it in self.members if f"{it['ID']:x}" == argv[2])
        if verb == "remove":
            self.members.remove(chosen)
        elif self.lag:
            self.lag -= 1
            return 1, "can only promote a learner member which is in sync with leader"
        else:
            del chosen["isLearner"]
        return 0, ""


@pytest.fixture(autouse=True)
def no_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(etcd_member, "PAUSE", 0.0)


def test_a_machine_joins_those_that_run() -> None:
    cluster = Cluster("db-1", "db-2")
    assert admit(cluster, WISH) == {
        "ETCD_INITIAL_CLUSTER": "db-1=https://10.0.0.1:2380,db-2=https://10.0.0.2:2380,db-3=https://10.0.0.3:2380",
        "ETCD_INITIAL_CLUSTER_STATE": "existing",
    }
    assert cluster.calls == ["member add db-3 --peer-urls=https://10.0.0.3:2380 --learner"]


def test_a_cluster_that_has_just_grown_is_given_time() -> None:
    cluster = Cluster("db-1", "db-2", unsettled=3)
    assert "db-3=" in admit(cluster, WISH)["ETCD_INITIAL_CLUSTER"]
    assert len(cluster.calls) == 4


def test_a_cluster_that_does_not_settle_takes_nobody() -> None:
    times = iter(range(0, 1000, 20))
    with pytest.raises(EtcdError, match="unhealthy cluster"):
        admit(Cluster("db-1", unsettled=99), WISH, clock=lambda: float(next(times)))


@pytest.mark.parametrize("started", [True, False])
def test_a_member_that_lost_its_data_is_taken_out_first(started: bool) -> None:
    cluster = Cluster("db-1", "db-2", "db-3")
    if not started:
        cluster.members[2]["name"] = ""
    former = f"{cluster.members[2]['ID']:x}"
    admit(cluster, WISH)
    assert cluster.calls[0] == f"member remove {former}"
    assert len(cluster.members) == 3


def test_a_cluster_begins_with_the_first_machine_alone() -> None:
    wish = Wish(name="db-1", peer="https://10.0.0.1:2380", first=True)
    assert admit(Cluster(running=False), wish) == {
        "ETCD_INITIAL_CLUSTER": "db-1=https://10.0.0.1:2380",
        "ETCD_INITIAL_CLUSTER_STATE": "new",
    }


def test_no_cluster_begins_where_one_may_exist() -> None:
    with pytest.raises(EtcdError, match="db-3 is to join a cluster of etcd, and no member answers"):
        admit(Cluster("db-1", "db-2", running=False), WISH)


def test_a_first_machine_joins_a_cluster_that_answers() -> None:
    wish = Wish(name="db-1", peer="https://10.0.0.1:2380", first=True)
    assert admit(Cluster("db-2", "db-3"), wish)["ETCD_INITIAL_CLUSTER_STATE"] == "existing"


def test_a_member_gets_its_vote_once_it_has_caught_up() -> None:
    cluster = Cluster("db-1", "db-2", lag=2)
    admit(cluster, WISH)
    cluster.members[2]["name"] = "db-3"
    assert promote(cluster, WISH, timeout=60)
    assert not promote(cluster, WISH, timeout=60), "it had its vote"


def test_a_member_that_does_not_catch_up_is_told_of() -> None:
    cluster = Cluster("db-1", "db-2", lag=1000)
    admit(cluster, WISH)
    cluster.members[2]["name"] = "db-3"
    times = iter(range(1000))
    with pytest.raises(EtcdError, match="after 10 s: can only promote a learner member which is in sync"):
        promote(cluster, WISH, timeout=10, clock=lambda: next(times))


def test_former_members_are_taken_out_and_others_left() -> None:
    cluster = Cluster("db-1", "db-2", "db-3")
    assert remove(cluster, ["db-3", "db-9"], check_mode=True) == ["db-3"]
    assert cluster.calls == []
    assert remove(cluster, ["db-3", "db-9"], check_mode=False) == ["db-3"]
    assert [it["name"] for it in cluster.members] == ["db-1", "db-2"]
    assert remove(cluster, ["db-3"], check_mode=False) == []


def test_nobody_is_taken_out_of_a_cluster_that_is_silent() -> None:
    with pytest.raises(EtcdError, match="db-3 cannot be taken out of etcd: no member answers"):
        remove(Cluster(running=False), ["db-3"], check_mode=False)


def test_another_text_than_a_list_of_members_is_refused() -> None:
    with pytest.raises(EtcdError, match="cannot be read"):
        parse_members("Error: unhealthy cluster")


def test_settings_are_lines_of_an_environment() -> None:
    assert settings_text({"B": "2", "A": "1"}) == "A=1\nB=2\n"
