# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The fleet from all its sources: clusters asked at the same time, their last good copies, servers."""

from __future__ import annotations

import time
from dataclasses import dataclass

from ..core.errors import RenfortError
from ..fleet_inventory import (
    Fleet,
    Host,
    InventoryError,
    fleet_from,
    host_of_server,
    merged,
    refuse_empty,
)
from ..proxmox_cluster import guests_from
from .asking import AwayError, ask
from .copies import Copy, age_in_words, may_be_missing, read_copy, refuse_shrink, released, write_copy
from .options import Cluster, Settings
from .servers import Files, read_files
from .state_files import StateError


@dataclass(frozen=True, slots=True, kw_only=True)
class _Part:
    """What one source gave: hosts, or why there are none."""

    hosts: tuple[Host, ...] = ()
    warnings: tuple[str, ...] = ()
    error: RenfortError | None = None


def read_fleet(settings: Settings, *, use_cache: bool = True) -> Fleet:
    """Return the machines of all clusters and the physical ones, by name.

    Args:
        settings: where to ask, and what is accepted.
        use_cache: whether a copy that is young enough saves the question.

    Raises:
        RenfortError: a cluster refuses or is away without a copy; it shows no machine, or far fewer
            than before; two machines have the same name; the plan or the stock is wrong.
    """
    files = read_files(settings.plan_file, settings.stock_file, settings.state_dir)
    parts = _each(settings, files, use_cache)
    errors = [part.error for part in parts if part.error is not None]
    if errors:
        raise errors[0] if len(errors) == 1 else InventoryError("\n".join(str(error) for error in errors))
    hosts = [host for part in parts for host in part.hosts]
    hosts += [host_of_server(server) for server in files.hosts]
    warnings = [*files.warnings, *(text for part in parts for text in part.warnings)]
    return Fleet(hosts=merged(hosts), warnings=tuple(dict.fromkeys(warnings)))


def _each(settings: Settings, files: Files, use_cache: bool) -> list[_Part]:
    """Return every cluster's part, in their order."""
    if len(settings.clusters) == 1:
        return [_read(settings.clusters[0], settings, files, use_cache)]
    # Imported here: one cluster is the usual case and needs no threads.
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(max_workers=min(16, len(settings.clusters))) as pool:
        return list(pool.map(lambda cluster: _read(cluster, settings, files, use_cache), settings.clusters))


def _read(cluster: Cluster, settings: Settings, files: Files, use_cache: bool) -> _Part:
    try:
        return _part(cluster, settings, files, use_cache)
    except RenfortError as error:
        return _Part(error=error)


def _part(cluster: Cluster, settings: Settings, files: Files, use_cache: bool) -> _Part:
    """Return one cluster's hosts: fresh, from a copy that is young enough, or stale."""
    copy = read_copy(settings.state_dir, cluster)
    now = time.time()
    if use_cache and copy is not None and 0 <= now - copy.taken < settings.cache_s:
        return _hosts(copy, cluster, settings, files)
    try:
        asked = ask(cluster)
    except AwayError as error:
        return _stale(error, copy, cluster, settings, files, age_s=now - copy.taken if copy else 0.0)
    fresh = Copy(taken=now, rows=asked.rows, planned=frozenset(files.names))
    part = _hosts(fresh, cluster, settings, files)
    if copy is not None and not settings.accept_shrink:
        _compare(copy, part, cluster, settings, files, taken=f"{age_in_words(now - copy.taken)} ago")
    warnings = [*asked.warnings, *part.warnings]
    try:
        write_copy(settings.state_dir, cluster, fresh)
    except StateError as error:
        warnings.append(f"No copy of {cluster.where} is kept for when it is away. {error}")
    return _Part(hosts=part.hosts, warnings=tuple(warnings))


def _compare(
    copy: Copy, part: _Part, cluster: Cluster, settings: Settings, files: Files, *, taken: str
) -> None:
    """Refuse hosts that are far fewer than those of the copy."""
    now = {host.vmid for host in part.hosts}
    if may_be_missing(copy, now):
        gone = released(copy, files.names)
        before = _hosts(copy, cluster, settings, files, check=False).hosts
        refuse_shrink(
            {host.vmid: host.name for host in before if host.address not in gone},
            now,
            where=cluster.where,
            max_percent=settings.max_shrink_percent,
            taken=taken,
        )


def _stale(
    error: AwayError, copy: Copy | None, cluster: Cluster, settings: Settings, files: Files, *, age_s: float
) -> _Part:
    """Return the last good copy, marked, or the error when there is none that may be served."""
    if copy is None or settings.max_stale_s == 0:
        raise error
    if age_s > settings.max_stale_s:
        raise AwayError(
            f"{error.message} Its last good copy is {age_in_words(age_s)} old, which is more than "
            f"{age_in_words(settings.max_stale_s)} (max_stale_hours).",
            hint=error.hint,
        )
    part = _hosts(copy, cluster, settings, files, stale=True)
    told = (
        f"{error.message} Its machines are shown as they were {age_in_words(age_s)} ago, in the group stale."
    )
    return _Part(hosts=part.hosts, warnings=(told, *part.warnings))


def _hosts(
    copy: Copy,
    cluster: Cluster,
    settings: Settings,
    files: Files,
    *,
    stale: bool = False,
    check: bool = True,
) -> _Part:
    fleet = fleet_from(
        guests_from(copy.rows),
        planned_names=files.names,
        places=files.places,
        cluster=cluster.name,
        stale=stale,
    )
    if check and not settings.allow_empty:
        refuse_empty(fleet, where=cluster.where)
    return _Part(hosts=fleet.hosts, warnings=fleet.warnings)
