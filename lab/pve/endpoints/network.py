# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""``/nodes/{node}/network``: changes are staged, and take effect at a reload."""

from __future__ import annotations

from typing import Any

from .. import interfaces
from ..call import Call, Reply
from ..errors import ParameterError
from ..formats import split_list
from ..interfaces import Interfaces
from ..registry import endpoint
from ..store import Row
from ..tasks import TaskLog

_BRIDGES = ("bridge", "OVSBridge")
_RELOAD_S = 2.0
_NOT_SETTINGS = frozenset({"node", "iface", "delete", "digest"})


@endpoint("GET", "/nodes/{node}/network")
async def index(call: Call) -> Reply:
    """The interfaces, with what is staged, and the difference to what is in force."""
    node = call.params["node"]
    present = interfaces.active(call.cluster, node)
    waiting = interfaces.staged(call.cluster, node)
    wanted = call.params.get("type")
    entries = []
    for position, (name, settings) in enumerate((present if waiting is None else waiting).items()):
        if _selected(settings["type"], wanted) and _visible(call, name, settings):
            entries.append(interfaces.shown(name, settings, position, in_force=name in present))
    text = interfaces.changes(call.cluster, node)
    return Reply(data=entries, attributes={"changes": text} if text else {})


def _selected(kind: str, wanted: str | None) -> bool:
    if wanted in ("any_bridge", "any_local_bridge"):
        return kind in _BRIDGES
    return wanted is None or kind == wanted


def _visible(call: Call, name: str, settings: Row) -> bool:
    if settings["type"] not in _BRIDGES:
        return True
    path = f"/sdn/zones/localnetwork/{name}"
    return call.cluster.access.has(call.identity, path, ["SDN.Audit", "SDN.Use"], any=True)


@endpoint("DELETE", "/nodes/{node}/network")
async def revert(call: Call) -> None:
    """Forget what is staged."""
    interfaces.revert(call.cluster, call.params["node"])


@endpoint("PUT", "/nodes/{node}/network")
async def reload(call: Call) -> str:
    """Put what is staged in force; returns the UPID of the task that does it."""
    cluster, node = call.cluster, call.params["node"]

    async def work(log: TaskLog) -> None:
        waiting = interfaces.staged(cluster, node)
        await cluster.clock.sleep(_RELOAD_S)
        if waiting is not None:
            interfaces.put_in_force(cluster, node, waiting)
            interfaces.revert(cluster, node)

    return cluster.tasks.spawn(node, "srvreload", "networking", call.identity, work)


@endpoint("POST", "/nodes/{node}/network")
async def create(call: Call) -> None:
    """Stage a new interface."""
    node, name = call.params["node"], call.params["iface"]
    planned = _planned(call)
    if name in planned:
        raise ParameterError({"iface": "interface already exists"})
    _stage(call, node, name, planned, interfaces.normalise(_settings(call)))


@endpoint("GET", "/nodes/{node}/network/{iface}")
async def read(call: Call) -> dict[str, Any]:
    """One interface, as staged."""
    name = call.params["iface"]
    planned = _planned(call)
    if name not in planned:
        raise ParameterError({"iface": "interface does not exist"})
    present = interfaces.active(call.cluster, call.params["node"])
    entry = interfaces.shown(name, planned[name], list(planned).index(name), in_force=name in present)
    del entry["iface"]
    return entry


@endpoint("PUT", "/nodes/{node}/network/{iface}")
async def update(call: Call) -> None:
    """Stage other settings of an interface; what the call does not name stays."""
    node, name = call.params["node"], call.params["iface"]
    planned = _planned(call)
    if name not in planned:
        raise ParameterError({"iface": "interface does not exist"})
    row = planned[name]
    for key in split_list(str(call.params.get("delete", ""))):
        row.pop(key, None)
        if key == "comments":
            row.pop("comments6", None)
    _stage(call, node, name, planned, interfaces.normalise({**row, **_settings(call)}))


@endpoint("DELETE", "/nodes/{node}/network/{iface}")
async def delete(call: Call) -> None:
    """Stage the removal of an interface."""
    node, name = call.params["node"], call.params["iface"]
    planned = _planned(call)
    if name not in planned:
        raise ParameterError({"iface": "interface does not exist"})
    del planned[name]
    interfaces.stage(call.cluster, node, planned)


def _planned(call: Call) -> Interfaces:
    node = call.params["node"]
    waiting = interfaces.staged(call.cluster, node)
    return interfaces.active(call.cluster, node) if waiting is None else waiting


def _settings(call: Call) -> Row:
    return {key: value for key, value in call.params.items() if key not in _NOT_SETTINGS}


def _stage(call: Call, node: str, name: str, planned: Interfaces, settings: Row) -> None:
    for family in ("gateway", "gateway6"):
        if family in settings:
            for other, known in planned.items():
                if other != name and family in known:
                    text = f"Default gateway already exists on interface '{other}'."
                    raise ParameterError({family: text})
    interfaces.stage(call.cluster, node, planned | {name: settings})
