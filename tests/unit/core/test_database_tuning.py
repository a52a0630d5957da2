# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Settings of a database machine follow its size."""

from __future__ import annotations

import re

import pytest
from ansible.errors import AnsibleFilterError

from ansible_collections.ent.renfort.plugins.filter.database_tuning import FilterModule
from ansible_collections.ent.renfort.plugins.module_utils.core.database_tuning import (
    RESERVED_CONNECTIONS,
    tune,
)
from ansible_collections.ent.renfort.plugins.module_utils.core.errors import RenfortError

UNITS = {"kB": 1 / 1024, "MB": 1.0}
SIZES = [(256, 1), (512, 2), (2048, 2), (16_384, 4), (65_536, 16), (262_144, 64)]


def mebibytes(setting: str | int | float) -> float:
    """A setting such as 4096kB in MiB."""
    found = re.fullmatch(r"(\d+)(kB|MB)", str(setting))
    assert found, setting
    return int(found[1]) * UNITS[found[2]]


def test_a_machine_of_sixteen_gibibytes() -> None:
    tuning = tune(memory_mib=16_384, cores=4, databases=6)
    assert tuning.local["shared_buffers"] == "4096MB"
    assert tuning.local["effective_cache_size"] == "12288MB"
    assert tuning.common == {"max_connections": 160, "max_worker_processes": 8}
    assert tuning.local["work_mem"] == "13107kB"  # 12,288 MiB ÷ (160 × 3 × 2)
    assert (tuning.pool_size, tuning.pool_reserve) == (12, 3)


@pytest.mark.parametrize(("memory_mib", "cores"), SIZES)
def test_what_postgresql_takes_for_itself_fits_in_the_memory(memory_mib: int, cores: int) -> None:
    tuning = tune(memory_mib=memory_mib, cores=cores, databases=1)
    queries = tuning.common["max_connections"] * mebibytes(tuning.local["work_mem"])
    assert mebibytes(tuning.local["shared_buffers"]) + queries < memory_mib
    assert mebibytes(tuning.local["min_wal_size"]) <= mebibytes(tuning.local["max_wal_size"])


@pytest.mark.parametrize(("memory_mib", "cores"), SIZES)
@pytest.mark.parametrize("databases", [1, 3, 12])
def test_the_pools_of_all_databases_fit_in_the_connections(
    memory_mib: int, cores: int, databases: int
) -> None:
    tuning = tune(memory_mib=memory_mib, cores=cores, databases=databases)
    assert databases * tuning.pool_size <= tuning.common["max_connections"] - RESERVED_CONNECTIONS


def test_many_databases_share_what_there_is() -> None:
    assert tune(memory_mib=4096, cores=4, databases=40).pool_size == 3


@pytest.mark.parametrize(("memory_mib", "cores", "databases"), [(128, 2, 1), (4096, 0, 1), (4096, 2, -1)])
def test_a_machine_that_cannot_hold_it_is_refused(memory_mib: int, cores: int, databases: int) -> None:
    with pytest.raises(RenfortError, match="at least 256 MiB and one processor"):
        tune(memory_mib=memory_mib, cores=cores, databases=databases)


def test_the_filter_takes_what_the_machine_printed() -> None:
    database_tuning = FilterModule().filters()["database_tuning"]
    assert database_tuning("2048", "2")["local"]["shared_buffers"] == "512MB"
    with pytest.raises(AnsibleFilterError, match="invalid literal"):
        database_tuning("much", 2)
