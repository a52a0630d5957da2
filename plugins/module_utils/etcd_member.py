# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""How a machine comes into a cluster of etcd, and how one is taken out.

Runs on the managed machine: Python 3.11 is enough, and nothing but the standard library is needed.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from .core.errors import RenfortError

PAUSE = 1.0
"""Seconds between two questions to a cluster that is not ready."""


SETTLE = 60.0
"""Seconds that a cluster is given to settle: it takes nobody until each member is connected for five."""

UNSETTLED = "unhealthy cluster"
"""What etcd says of a cluster whose members have not been connected for so long."""


class EtcdError(RenfortError):
    """The cluster of etcd does not answer, refuses, or must not be made anew."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """A member as the cluster knows it; ``name`` is empty until it has started for the first time."""

    id: str
    name: str
    peers: tuple[str, ...]
    learner: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """The machine that is to be a member: its name and the address at which other members reach it."""

    name: str
    peer: str
    first: bool
    """Whether a cluster may begin with it."""


Etcdctl = Callable[[Sequence[str]], tuple[int, str]]
"""Runs etcdctl with arguments; exit status, and what it printed on both outputs."""


def parse_members(text: str) -> list[Member]:
    """What ``etcdctl member list -w json`` printed.

    Raises:
        EtcdError: it is something else.
    """
    try:
        rows = json.loads(text)["members"]
        return [
            Member(
                id=f"{row['ID']:x}",
                name=row.get("name", ""),
                peers=tuple(row.get("peerURLs", [])),
                learner=bool(row.get("isLearner", False)),
            )
            for row in rows
        ]
    except (ValueError, KeyError, TypeError) as error:
        raise EtcdError(f"The list of members of etcd cannot be read: {text[:200]!r}.") from error


def read_members(etcdctl: Etcdctl) -> list[Member] | None:
    """The members, or None when nobody answers."""
    status, text = etcdctl(["member", "list", "-w", "json"])
    if status:
        return None
    return parse_members(text)


def admit(etcdctl: Etcdctl, wish: Wish, *, clock: Callable[[], float] = time.monotonic) -> dict[str, str]:
    """Have the running cluster expect the machine; the settings with which it starts for the first time.

    A member of that name or address which has lost its data is taken out first: it would answer for entries
    that it no longer has. The machine comes as one that only learns, so that the others still decide without
    it.

    Raises:
        EtcdError: nobody answers and no cluster may begin here, or the cluster refuses.
    """
    members = read_members(etcdctl)
    if members is None:
        if wish.first:
            return {"ETCD_INITIAL_CLUSTER": f"{wish.name}={wish.peer}", "ETCD_INITIAL_CLUSTER_STATE": "new"}
        raise EtcdError(
            f"{wish.name} is to join a cluster of etcd, and no member answers.",
            hint="The first of database_etcd_members must run before others join it.",
        )
    for member in members:
        if member.name == wish.name or wish.peer in member.peers:
            _must(etcdctl, ["member", "remove", member.id])
    _add(etcdctl, wish, limit=clock() + SETTLE, clock=clock)
    known = {
        member.name or wish.name: member.peers[0]
        for member in read_members(etcdctl) or []
        if member.name or wish.peer in member.peers
    }
    cluster = ",".join(f"{name}={peer}" for name, peer in sorted(known.items()))
    return {"ETCD_INITIAL_CLUSTER": cluster, "ETCD_INITIAL_CLUSTER_STATE": "existing"}


def _add(etcdctl: Etcdctl, wish: Wish, *, limit: float, clock: Callable[[], float]) -> None:
    argv = ["member", "add", wish.name, f"--peer-urls={wish.peer}", "--learner"]
    status, text = etcdctl(argv)
    while status and UNSETTLED in text and clock() < limit:
        time.sleep(PAUSE)
        status, text = etcdctl(argv)
    if status:
        raise EtcdError(f"etcdctl {' '.join(argv)} failed: {text.strip()}")


def promote(
    etcdctl: Etcdctl, wish: Wish, *, timeout: float, clock: Callable[[], float] = time.monotonic
) -> bool:
    """Give a member that learns its vote once it knows what the others know; whether it learned until now.

    Raises:
        EtcdError: it has not caught up in the time, or is no member.
    """
    limit = clock() + timeout
    said = "no answer"
    while clock() < limit:
        members = read_members(etcdctl) or []
        own = next((member for member in members if member.name == wish.name), None)
        if own is not None:
            if not own.learner:
                return False
            status, said = etcdctl(["member", "promote", own.id])
            if not status:
                return True
        time.sleep(PAUSE)
    raise EtcdError(
        f"{wish.name} has not become a voting member of etcd after {timeout:.0f} s: {said.strip()}"
    )


def remove(etcdctl: Etcdctl, names: Sequence[str], *, check_mode: bool) -> list[str]:
    """Take former members out, one after the other; the names of those that were members.

    Raises:
        EtcdError: nobody answers, or the cluster refuses: it would lose its majority.
    """
    members = read_members(etcdctl)
    if members is None:
        raise EtcdError(f"{', '.join(names)} cannot be taken out of etcd: no member answers.")
    found = [member for member in members if member.name in names]
    for member in found:
        if not check_mode:
            _must(etcdctl, ["member", "remove", member.id])
    return [member.name for member in found]


def settings_text(settings: Mapping[str, str]) -> str:
    """Settings as a file of environment variables."""
    return "".join(f"{name}={value}\n" for name, value in sorted(settings.items()))


def _must(etcdctl: Etcdctl, argv: Sequence[str]) -> str:
    status, text = etcdctl(argv)
    if status:
        raise EtcdError(f"etcdctl {' '.join(argv)} failed: {text.strip()}")
    return text
