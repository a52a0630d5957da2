# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What PostgreSQL and PgBouncer are set to on a machine of a size.

The rules and where they come from:

- ``shared_buffers`` a quarter of the memory, ``effective_cache_size`` three quarters: PostgreSQL's
  documentation, "Resource Consumption" and "Query Planning".
- Few server connections for many clients: PostgreSQL's wiki, "Number Of Database Connections", finds the most
  transactions per second at about twice the processors; each pool has that, and a few more for those that
  wait on locks or disks.
- ``work_mem`` is what is left of the memory when every connection uses three at once, divided among the
  workers of a query: the rule of PGTune for web applications.
- Disks are solid state: ``random_page_cost`` 1.1 as the documentation of managed PostgreSQL services has it.
"""

from __future__ import annotations

from dataclasses import dataclass

from .errors import RenfortError

MINIMUM_MEMORY_MIB = 256
"""Less does not hold PostgreSQL, Patroni and etcd."""

RESERVED_CONNECTIONS = 15
"""Server connections kept for Patroni, exporters, backups and people."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tuning:
    """Settings of one machine.

    ``local`` are settings of PostgreSQL that may differ between the members of a cluster; ``common`` those
    that must be the same on all of them; ``pool_size`` and ``pool_reserve`` are server connections of one
    database and owner in PgBouncer, and how many more there may be when clients wait.
    """

    local: dict[str, str | int | float]
    common: dict[str, int]
    pool_size: int
    pool_reserve: int


def tune(*, memory_mib: int, cores: int, databases: int) -> Tuning:
    """Settings for a machine.

    Args:
        memory_mib: its memory, MiB.
        cores: its processors.
        databases: how many databases share it.

    Raises:
        RenfortError: the machine is too small, or a number is impossible.
    """
    if memory_mib < MINIMUM_MEMORY_MIB or cores < 1 or databases < 0:
        raise RenfortError(
            f"A database machine with {memory_mib} MiB of memory and {cores} processors cannot be set up.",
            hint=f"Give it at least {MINIMUM_MEMORY_MIB} MiB and one processor.",
        )
    connections = max(60, min(500, 40 + 30 * cores, memory_mib // 10))
    shared = max(64, memory_mib // 4)
    per_query = max(1, min(4, cores // 2))
    work = (memory_mib - shared) * 1024 // (connections * 3 * per_query)
    local: dict[str, str | int | float] = {
        "shared_buffers": f"{shared}MB",
        "effective_cache_size": f"{memory_mib * 3 // 4}MB",
        "work_mem": f"{max(1024, min(64 * 1024, work))}kB",
        "maintenance_work_mem": f"{max(32, min(2048, memory_mib // 16))}MB",
        "max_wal_size": f"{max(512, min(16 * 1024, memory_mib))}MB",
        "min_wal_size": f"{max(128, min(2 * 1024, memory_mib // 8))}MB",
        "max_parallel_workers": cores,
        "max_parallel_workers_per_gather": per_query,
        "max_parallel_maintenance_workers": per_query,
        "autovacuum_max_workers": max(3, min(8, cores // 2)),
        "random_page_cost": 1.1,
        "effective_io_concurrency": 200,
    }
    usable = connections - RESERVED_CONNECTIONS
    pool = max(3, min(2 * cores + 4, usable // max(1, databases)))
    return Tuning(
        local=local,
        common={"max_connections": connections, "max_worker_processes": max(8, cores)},
        pool_size=pool,
        pool_reserve=max(1, pool // 4),
    )
