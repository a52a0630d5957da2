# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the inventory takes from the plan and the stock: machines without a hypervisor, names, racks.

Both files are read by the planner's own code, with all its checks, which takes seconds where there are
thousands of machines. What the inventory needs of them is kept beside the last good copies and read
from there for as long as the file has the same content.
"""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from ..core.errors import InputError
from .state_files import StateError, read_state, write_state

VERSION = 2
"""The form of the kept files."""

MANAGED = frozenset({"enrolled", "in_service"})
"""The states of a server in which Ansible can log in."""

Place = tuple[str, str]
"""Site and rack, each empty when it is not stated."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerHost:
    """A physical server that carries a machine which Ansible manages. ``tenant`` may be empty."""

    name: str
    server: str
    tier: str
    tenant: str
    address: str
    site: str
    rack: str
    state: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Files:
    """What the plan and the stock say: hosts, names of guests by address, places of hypervisors by name.

    ``warnings`` are for people: nothing is wrong with the hosts.
    """

    hosts: tuple[ServerHost, ...] = ()
    names: Mapping[str, str] = field(default_factory=dict)
    places: Mapping[str, Place] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()


def read_files(plan: Path | None, stock: Path | None, state_dir: Path) -> Files:
    """Return what the two files say; a plan need not exist yet, a stock must.

    Raises:
        InputError: a file is unreadable or wrong.
    """
    planned = _kept(plan, state_dir, from_plan) if plan is not None and plan.exists() else Files()
    stocked = _kept(stock, state_dir, from_stock) if stock is not None else Files()
    parts = (planned, stocked)
    hosts = {host.server: host for host in planned.hosts if host.state in MANAGED}
    names = {host.server: host.name for host in planned.hosts}
    for host in stocked.hosts:
        # A server that the plan gave a name keeps it when it is entered into the stock as in service.
        hosts.setdefault(host.server, replace(host, name=names.get(host.server, host.name)))
    return Files(
        hosts=tuple(hosts[server] for server in sorted(hosts)),
        names={address: name for part in parts for address, name in part.names.items()},
        places={name: place for part in parts for name, place in part.places.items()},
        warnings=tuple(dict.fromkeys(text for part in parts for text in part.warnings)),
    )


def from_plan(path: Path) -> Files:
    """Return what a plan says: servers that carry machines, whatever their state, and hypervisors to be."""
    # The planner's code is imported where it is needed: most readings do without.
    from ..inputs import load_plan

    plan = load_plan(path)
    return Files(
        hosts=tuple(
            ServerHost(
                name=use.machine,
                server=use.name,
                tier=use.tier,
                tenant=use.tenant,
                address=use.ip,
                site=use.site,
                rack=use.rack,
                state=use.state.value,
            )
            for use in plan.servers
            if use.machine
        ),
        names={machine.ip: machine.name for machine in plan.machines},
        places={use.name: (use.site, use.rack) for use in plan.servers if not use.machine},
    )


def from_stock(path: Path) -> Files:
    """Return what a stock says: servers in service that carry a machine, and where hypervisors stand."""
    from ..core.fields import Fields
    from ..core.parse_stock import parse_stock
    from ..inputs import read_document

    key = "renfort_stock"
    stock = parse_stock(Fields(file=str(path), key=key, data=read_document(path, key)))
    return Files(
        hosts=tuple(
            ServerHost(
                name=server.machine,
                server=server.name,
                tier=server.carries.tier,
                tenant=server.carries.tenant,
                address=server.carries.address,
                site=server.site,
                rack=server.rack,
                state="in_service",
            )
            for server in stock.servers
            if server.carries is not None
        ),
        places={node.name: (node.site, node.rack) for node in stock.hypervisors},
    )


def _kept(path: Path, state_dir: Path, read: Callable[[Path], Files]) -> Files:
    """Return what a file says, from what was kept of the same content if there is any."""
    try:
        content = hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError as error:
        expected = "a file that can be read, or no such option"
        raise InputError(
            file=str(path), key="", problem=f"cannot be read: {error.strerror}", expected=expected
        ) from error
    what = read.__name__.removeprefix("from_")
    kept = state_dir / f"{what}-{hashlib.sha256(str(path.resolve()).encode()).hexdigest()[:12]}.json"
    data = read_state(kept, version=VERSION)
    if data is not None and data.get("content") == content:
        # Somebody else's change of the file is no reason to fail: the source is there to be read.
        with contextlib.suppress(AttributeError, KeyError, TypeError, ValueError):
            return _from_data(data)
    files = read(path)
    try:
        write_state(kept, {"version": VERSION, "content": content, **_to_data(files)})
    except StateError as error:
        return Files(
            hosts=files.hosts, names=files.names, places=files.places, warnings=(f"{error} It is slow so.",)
        )
    return files


def _to_data(files: Files) -> dict[str, Any]:
    return {
        "hosts": [asdict(host) for host in files.hosts],
        "names": dict(files.names),
        "places": {name: list(place) for name, place in files.places.items()},
    }


def _from_data(data: Mapping[str, Any]) -> Files:
    return Files(
        hosts=tuple(ServerHost(**host) for host in data["hosts"]),
        names=dict(data["names"]),
        places={name: (site, rack) for name, (site, rack) in data["places"].items()},
    )
