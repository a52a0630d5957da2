# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""State that outlives the emulator, its first content, and its clock."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
import yaml

from lab.guests.memory import MemoryBackend
from lab.pve.clock import Clock
from lab.pve.cluster import Cluster
from lab.pve.seed import SeedError, seed
from lab.pve.store import Store

DATACENTRE = Path(__file__).parents[3] / "lab" / "datacentre.yml"


def test_rows_outlive_the_process(tmp_path: Path) -> None:
    path = tmp_path / "state.sqlite"
    first = Store(path)
    for key in ("b", "a", "c"):
        first.table("t")[key] = {"n": key}
    del first.table("t")["a"]
    first.table("t")["b"] = {"n": "new"}
    # Not closed: a process that is killed does not close its files either.
    second = Store(path)
    assert dict(second.table("t")) == {"b": {"n": "new"}, "c": {"n": "c"}}
    assert list(second.table("t")) == ["b", "c"]
    assert not second.table("other")


def test_a_table_counts_its_changes() -> None:
    table = Store().table("t")
    before = table.version
    table["a"] = {}
    del table["a"]
    assert table.version == before + 2


def test_the_lab_is_seeded_once(tmp_path: Path) -> None:
    async def scenario() -> None:
        datacentre = yaml.safe_load(DATACENTRE.read_text())
        cluster = Cluster.open(tmp_path / "s", clock=Clock(), backend=MemoryBackend())
        seed(cluster, datacentre, root_password="pw")
        assert list(cluster.nodes) == list(datacentre["nodes"])
        assert cluster.local == "pve1"
        assert cluster.auth.password_matches("root@pam", "pw")
        cluster.nodes["pve1"] = cluster.nodes["pve1"] | {"online": False}
        key = cluster.auth.ticket("root@pam")
        await cluster.close()
        again = Cluster.open(tmp_path / "s", clock=Clock(), backend=MemoryBackend())
        seed(again, datacentre, root_password="other")
        assert not again.online("pve1")
        assert again.auth.password_matches("root@pam", "pw")
        assert again.auth.verify_ticket(key) == "root@pam"
        await again.close()

    asyncio.run(scenario())


def test_a_datacentre_without_nodes_is_refused() -> None:
    async def scenario() -> None:
        cluster = Cluster.open(None, clock=Clock(), backend=MemoryBackend())
        with pytest.raises(SeedError, match="'nodes' must be a mapping"):
            seed(cluster, {"storages": {"local": {}}})

    asyncio.run(scenario())


def test_the_clock_must_go_forward() -> None:
    with pytest.raises(ValueError, match="speed must be above 0"):
        Clock(0)
