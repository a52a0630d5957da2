# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Take servers out of a load balancer's rotation, put them back, and tell newcomers from those known."""

from __future__ import annotations

import http.client
import time
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Protocol

from .core.errors import RenfortError
from .haproxy_runtime import FORCED_DRAIN, NoHaproxyError, Server

PAUSE_S = 0.5
"""Seconds between two looks at the servers."""

ASKING_AT_ONCE = 32
"""How many newcomers are asked for their health at a time."""


class Api(Protocol):
    """What is needed of HAProxy's Runtime API."""

    def servers(self) -> list[Server]:
        """Every server of every backend."""

    def set_state(self, server: Server, state: str) -> None:
        """Have a server be ``ready``, or ``drain``: no new requests."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Left:
    """What became of servers that were to leave the rotation.

    ``drained`` by this call, as ``backend/server``; ``busy`` had requests when the time was over;
    ``alone`` stayed, because no other server of its backend is up. ``serving`` tells whether there is a
    HAProxy at all.
    """

    serving: bool = True
    drained: tuple[str, ...] = ()
    busy: tuple[str, ...] = ()
    alone: tuple[str, ...] = ()


class NotBackError(RenfortError):
    """Servers are not up again on a load balancer."""


def leave(
    api: Api,
    names: Collection[str],
    *,
    wait_s: float,
    dry_run: bool = False,
    clock: Callable[[], float] = time.monotonic,
    pause: Callable[[float], None] = time.sleep,
) -> Left:
    """Send servers no new requests, and wait until those that they are at have ended.

    A server that somebody took out before, by hand or in an earlier run, stays as it is and is only
    waited for. One without another that is up is left in: taking it out would end the service that the
    restart only interrupts.

    Raises:
        RenfortError: HAProxy did not answer or refused.
    """
    try:
        servers = api.servers()
    except NoHaproxyError:
        return Left(serving=False)
    ours = [server for server in servers if server.name in names]
    leaving = [server for server in ours if server.admin == 0]
    alone = [server for server in leaving if not _others(server, servers, names)]
    drained = [server for server in leaving if server not in alone]
    if not dry_run:
        for server in drained:
            api.set_state(server, "drain")
    paths = {server.path for server in ours if server not in alone}
    busy = () if dry_run else _busy(api, paths, wait_s=wait_s, clock=clock, pause=pause)
    return Left(
        drained=tuple(server.path for server in drained),
        busy=busy,
        alone=tuple(server.path for server in alone if server.usable),
    )


def _others(server: Server, servers: Iterable[Server], names: Collection[str]) -> bool:
    """Whether another server of its backend takes the requests."""
    return any(
        other.backend == server.backend and other.usable and other.name not in names for other in servers
    )


def _busy(
    api: Api,
    paths: Collection[str],
    *,
    wait_s: float,
    clock: Callable[[], float],
    pause: Callable[[float], None],
) -> tuple[str, ...]:
    deadline = clock() + wait_s
    while True:
        busy = tuple(server.path for server in api.servers() if server.path in paths and server.sessions)
        if not busy or clock() >= deadline:
            return busy
        pause(PAUSE_S)


def come_back(
    api: Api,
    names: Collection[str],
    *,
    wait_s: float,
    dry_run: bool = False,
    clock: Callable[[], float] = time.monotonic,
    pause: Callable[[float], None] = time.sleep,
) -> tuple[str, ...]:
    """Let drained servers have requests again, and wait until HAProxy sees them up.

    A server that somebody put in maintenance stays there and is not waited for.

    Returns:
        The servers that were drained until now, as ``backend/server``.

    Raises:
        NotBackError: one is not up when the time is over.
        RenfortError: HAProxy did not answer or refused.
    """
    try:
        ours = [server for server in api.servers() if server.name in names]
    except NoHaproxyError:
        return ()
    back = [server for server in ours if server.admin == FORCED_DRAIN]
    returned = tuple(server.path for server in back)
    if dry_run:
        return returned
    for server in back:
        api.set_state(server, "ready")
    deadline = clock() + wait_s
    while missing := [
        server
        for server in api.servers()
        if server.name in names and not server.usable and (server.admin == 0 or server.path in returned)
    ]:
        if clock() >= deadline:
            told = ", ".join(f"{server.path} is {server.condition}" for server in missing)
            raise NotBackError(
                f"Not in service again after {wait_s:.0f} s: {told}.",
                hint="Look at the health check on the load balancer's statistics page, and at the "
                "machine's own journal.",
            )
        pause(PAUSE_S)
    return returned


@dataclass(frozen=True, slots=True, kw_only=True)
class Newcomers:
    """Servers of a configuration that a load balancer does not know, by name: those that answer or not."""

    serving: bool
    known: int
    answering: tuple[str, ...]
    silent: tuple[str, ...]


def newcomers(
    api: Api, backends: Sequence[Mapping[str, Any]], *, check_path: str, timeout_s: float, ask: bool
) -> Newcomers:
    """Tell which servers of ``backends`` a load balancer does not know yet, and which of them answer.

    Args:
        api: the load balancer.
        backends: mappings with ``name``, ``hosts``, ``servers`` (``name``, ``address``, ``port``) and,
            where it is not ``check_path``, the path of their health check as ``check_path``.
        check_path: the path that a machine ready to serve answers with 200.
        timeout_s: how long a machine may take to answer.
        ask: whether they are asked at all; else every newcomer counts as silent.

    Raises:
        RenfortError: HAProxy did not answer.
    """
    try:
        known = {(server.backend, server.name) for server in api.servers()}
        serving = True
    except NoHaproxyError:
        known, serving = set(), False
    new = [
        (
            str(server["name"]),
            str(server["address"]),
            int(server.get("port") or 80),
            *_check(backend, check_path),
        )
        for backend in backends
        for server in backend.get("servers") or ()
        if (str(backend["name"]), str(server["name"])) not in known
    ]
    planned = {
        (str(backend["name"]), str(server["name"]))
        for backend in backends
        for server in backend.get("servers") or ()
    }
    silent: set[str] = {name for name, *_ in new}
    if ask and new:
        with ThreadPoolExecutor(ASKING_AT_ONCE) as pool:
            good = list(pool.map(lambda it: _answers(*it[1:], timeout_s=timeout_s), new))
        silent = {it[0] for it, answered in zip(new, good, strict=True) if not answered}
    return Newcomers(
        serving=serving,
        known=len(known & planned),
        answering=tuple(sorted({name for name, *_ in new} - silent)),
        silent=tuple(sorted(silent)),
    )


def _check(backend: Mapping[str, Any], usual: str) -> tuple[str, str]:
    """The path of a backend's health check and the host that it names."""
    hosts = backend.get("hosts") or ("",)
    return str(backend.get("check_path") or usual), str(hosts[0])


def _answers(address: str, port: int, path: str, host: str, *, timeout_s: float) -> bool:
    connection = http.client.HTTPConnection(address, port, timeout=timeout_s)
    try:
        connection.request("GET", path, headers={"Host": host} if host else {})
        return connection.getresponse().status == http.client.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
