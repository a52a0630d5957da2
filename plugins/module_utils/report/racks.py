# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The racks as cabinets: each hypervisor a bar of its memory, each server what it becomes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from ..core.report_views import HostView, RackView, ReportData
from ..core.server_use import ServerState, ServerUse
from ..core.text import count
from .geometry import Segment, stack
from .wording import listing, memory, percent

IN_SERVICE, NEW, OFFLINE = "in service", "new", "off line"
"""The states of a hypervisor, as the report's data has them."""

TALLEST = 12
"""So many are drawn above each other; more stand in columns, as where no rack is known."""

NO_RACK = "Not in a rack"
"""The heading over servers of which the stock names no rack."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HostMark:
    """A hypervisor in its rack: its memory in percent and as a bar, its cores as a thinner one.

    ``tip`` is what shows when one points at it; ``over`` tells that more memory is promised than there is.
    """

    name: str
    state: str
    badge: str
    percent: str
    bar: tuple[Segment, ...]
    cores: tuple[Segment, ...]
    tip: str
    over: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class CarrierMark:
    """A server that carries one machine itself."""

    name: str
    tier: str
    tip: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RackMark:
    """One cabinet; it is ``wide`` when it holds more than a cabinet is tall.

    ``carriers`` are planned, ``standing`` carry a machine already.
    """

    label: str
    percent: str
    wide: bool
    hosts: tuple[HostMark, ...]
    carriers: tuple[CarrierMark, ...]
    standing: tuple[str, ...]
    shelf: tuple[str, ...]
    shelf_words: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteMark:
    """The cabinets of one site."""

    name: str
    summary: str
    bar: tuple[Segment, ...]
    racks: tuple[RackMark, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class HostRow:
    """A hypervisor or server in figures."""

    rack: str
    name: str
    state: str
    memory: str
    before: str
    after: str
    share: str
    cores: str
    machines: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class RacksFigure:
    """The figure, what it shows in a sentence, and the same as a table."""

    lead: str
    alt: str
    kinds: tuple[tuple[str, str], ...]
    sites: tuple[SiteMark, ...]
    rows: tuple[HostRow, ...]


def racks_figure(data: ReportData) -> RacksFigure:
    """Return the figure of the racks."""
    by_site: dict[str, list[RackView]] = {}
    for rack in data.racks:
        by_site.setdefault(_split(rack.name)[0], []).append(rack)
    # Servers that are in no rack come last.
    sites = sorted(by_site, key=lambda site: (site == NO_RACK, site))
    hosts = [host for rack in data.racks for host in rack.hosts]
    lead = _lead(data, hosts)
    return RacksFigure(
        lead=lead,
        alt=f"Memory of every hypervisor by rack, before and after. {lead}",
        kinds=_kinds(data.racks, hosts),
        sites=tuple(_site(site, by_site[site]) for site in sites),
        rows=tuple(row for rack in data.racks for row in _rows(rack)),
    )


def _split(rack: str) -> tuple[str, str]:
    if not rack:
        return NO_RACK, ""
    site, slash, name = rack.partition("/")
    return (site, name) if slash else ("", rack)


def _lead(data: ReportData, hosts: Sequence[HostView]) -> str:
    states = Counter(host.state for host in hosts)
    racks = sum(1 for rack in data.racks if rack.hosts)
    before, after, full = _memory(hosts)
    online = [host for host in hosts if host.state != OFFLINE]
    busy = percent(_share(sum(host.after_cores for host in online), sum(host.cores for host in online)))
    parts = [
        f"{count(states[IN_SERVICE] + states[NEW], 'hypervisor')} in {count(racks, 'rack')}: memory in use "
        f"goes from {percent(_share(before, full))} to {percent(_share(after, full))} of {memory(full)}; "
        f"{busy} of the cores are busy then."
    ]
    changes = _changes(data.racks, states[NEW])
    if changes:
        parts.append(f"{listing(changes)}.")
    if states[OFFLINE]:
        parts.append(f"{_each(states[OFFLINE], 'hypervisor is off line', 'hypervisors are off line')}.")
    return " ".join(parts)


def _changes(racks: Sequence[RackView], new: int) -> list[str]:
    carriers = sum(len(rack.carriers) for rack in racks)
    standing = sum(len(rack.in_service) for rack in racks)
    shelf = sum(len(rack.shelf) for rack in racks)
    told = (
        (new, "server becomes a hypervisor", "servers become hypervisors"),
        (carriers, "server will carry a machine", "servers will carry a machine each"),
        (standing, "server carries a machine already", "servers carry a machine each already"),
        (shelf, "server stays on the shelf", "servers stay on the shelf"),
    )
    return [_each(*words) for words in told if words[0]]


def _each(number: int, one: str, more: str) -> str:
    return f"{number:,} {one if number == 1 else more}"


def _memory(hosts: Iterable[HostView]) -> tuple[int, int, int]:
    listed = list(hosts)
    return (
        sum(host.before_mib for host in listed),
        sum(host.after_mib for host in listed),
        sum(host.memory_mib for host in listed),
    )


def _share(part: float, full: float) -> float:
    return part / full * 100 if full else 0.0


def _kinds(racks: Sequence[RackView], hosts: Sequence[HostView]) -> tuple[tuple[str, str], ...]:
    """Return what the legend explains: only what is to be seen."""
    states = {host.state for host in hosts}
    found = [("before", "in use before"), ("new", "added by the plan"), ("free", "free")]
    found += [("host-new", "server that becomes a hypervisor")] if NEW in states else []
    found += [("carrier", "server that will carry one machine")] if any(it.carriers for it in racks) else []
    found += [("standing", "server that carries one already")] if any(it.in_service for it in racks) else []
    found += [("shelf", "server left on the shelf")] if any(rack.shelf for rack in racks) else []
    found += [("offline", "hypervisor off line")] if OFFLINE in states else []
    return tuple(found)


def _site(name: str, racks: Sequence[RackView]) -> SiteMark:
    hosts = [host for rack in racks for host in rack.hosts]
    online = [host for host in hosts if host.state != OFFLINE]
    before, after, full = _memory(online)
    share = percent(_share(after, full), 0)
    summary = (
        f"{count(len(online), 'hypervisor')} on line, {share} of {memory(full)} in use"
        if hosts
        else count(sum(_servers(rack) for rack in racks), "server")
    )
    return SiteMark(
        name=name,
        summary=summary,
        bar=stack((("before", before), ("new", after - before)), full),
        racks=tuple(_rack(rack) for rack in racks),
    )


def _servers(rack: RackView) -> int:
    return len(rack.shelf) + len(rack.carriers) + len(rack.in_service)


def _rack(rack: RackView) -> RackMark:
    _before, after, full = _memory(rack.hosts)
    return RackMark(
        label=_split(rack.name)[1],
        percent=percent(_share(after, full), 0) if full else "",
        wide=len(rack.hosts) + len(rack.carriers) + len(rack.in_service) > TALLEST,
        hosts=tuple(_host(host) for host in rack.hosts),
        carriers=tuple(_carrier(use) for use in rack.carriers),
        standing=rack.in_service,
        shelf=rack.shelf,
        shelf_words=f"{len(rack.shelf)} on the shelf",
    )


def _host(host: HostView) -> HostMark:
    offline = host.state == OFFLINE
    after = _share(host.after_mib, host.memory_mib)
    used = (("before", host.before_mib), ("new", host.after_mib - host.before_mib))
    busy = (("before", host.before_cores), ("new", host.after_cores - host.before_cores))
    return HostMark(
        name=host.name,
        state=host.state.replace(" ", "-"),
        badge="" if host.state == IN_SERVICE else host.state,
        percent="" if offline else percent(after, 0),
        bar=() if offline else stack(used, host.memory_mib),
        cores=() if offline else stack(busy, host.cores),
        tip=_tip(host),
        over=after > 100,
    )


def _tip(host: HostView) -> str:
    if host.state == OFFLINE:
        return f"{host.name}: off line, nothing is placed on it"
    before, after = (_share(mib, host.memory_mib) for mib in (host.before_mib, host.after_mib))
    lines = [
        f"{host.name} ({_state(host)})",
        f"Memory: {percent(before)} before, {percent(after)} after: "
        f"{memory(host.after_mib)} of {memory(host.memory_mib)}",
        f"Cores: {host.before_cores:g} before, {host.after_cores:g} after, of {host.cores:g}",
        f"{count(len(host.machines), 'new machine')}{':' if host.machines else ''}",
        *_families(host.machines),
    ]
    return "\n".join(lines)


def _families(machines: Sequence[str]) -> list[str]:
    """Return machines by what they are, so that thirty names do not fill the screen: ``eure-web: 02, 07``."""
    found: dict[str, list[str]] = {}
    for name in machines:
        family, _hyphen, number = name.rpartition("-")
        found.setdefault(family, []).append(number)
    return [f"{family}: {', '.join(numbers)}" for family, numbers in sorted(found.items())]


def _carrier(use: ServerUse) -> CarrierMark:
    origin = f", arrives with {use.origin}" if use.origin else ", from the shelf"
    return CarrierMark(
        name=use.name,
        tier=use.tier,
        tip=f"{use.name}{origin}{_progress(use)}\nCarries {use.machine}\n{use.reason}",
    )


def _progress(use: ServerUse) -> str:
    return "" if use.state is ServerState.RACKED else f", {use.state.words} already"


def _state(host: HostView) -> str:
    return f"{host.state}, {host.progress}" if host.progress else host.state


def _rows(rack: RackView) -> Iterable[HostRow]:
    name = rack.name or NO_RACK
    for host in rack.hosts:
        offline = host.state == OFFLINE
        yield HostRow(
            rack=name,
            name=host.name,
            state=_state(host),
            memory="" if offline else memory(host.memory_mib),
            before="" if offline else percent(_share(host.before_mib, host.memory_mib)),
            after="" if offline else percent(_share(host.after_mib, host.memory_mib)),
            share="" if offline else memory(host.after_mib),
            cores=f"{host.after_cores:g} of {host.cores:g}",
            machines=host.machines,
        )
    for use in rack.carriers:
        state = f"will carry one {use.tier} machine{_progress(use)}"
        yield _server_row(name, use.name, state, (use.machine,))
    for server in rack.in_service:
        yield _server_row(name, server, "carries one machine already", ())
    for server in rack.shelf:
        yield _server_row(name, server, "on the shelf", ())


def _server_row(rack: str, name: str, state: str, machines: tuple[str, ...]) -> HostRow:
    return HostRow(
        rack=rack,
        name=name,
        state=state,
        memory="",
        before="",
        after="",
        share="",
        cores="",
        machines=machines,
    )
