# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Inputs for tests: a small base, and patches to it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from ansible_collections.ent.renfort.plugins.module_utils.core.live import parse_live
from ansible_collections.ent.renfort.plugins.module_utils.core.machine import Machine
from ansible_collections.ent.renfort.plugins.module_utils.core.model import Inputs, Live
from ansible_collections.ent.renfort.plugins.module_utils.core.plan import Plan
from ansible_collections.ent.renfort.plugins.module_utils.core.validation import (
    INPUT_KEYS,
    Documents,
    parse_inputs,
)

HERE = Path(__file__).parent


def read(path: Path, *, default: Any = None) -> Any:
    """Return a YAML file's content, or the default when it does not exist."""
    return yaml.safe_load(path.read_text(encoding="utf-8")) if path.exists() else default


def merged(base: Any, patch: Any) -> Any:
    """Return base with a patch: mappings are merged, null removes a key, all else replaces."""
    if not isinstance(base, dict) or not isinstance(patch, dict):
        return patch
    result = {key: value for key, value in base.items() if key not in patch or patch[key] is not None}
    for key, value in patch.items():
        if value is not None:
            result[key] = merged(result.get(key, {}) if isinstance(value, dict) else None, value)
    return result


def documents(patch: dict[str, Any]) -> Documents:
    """Return the base inputs with a patch such as ``{"stock": {"servers": {…}}}``."""
    unknown = set(patch) - set(INPUT_KEYS)
    assert not unknown, f"not inputs: {unknown}"
    data = {name: read(HERE / "base" / f"{name}.yml")[key] for name, key in INPUT_KEYS.items()}
    return Documents(**{name: merged(value, patch.get(name, {})) for name, value in data.items()})


def inputs(patch: dict[str, Any] | None = None) -> Inputs:
    """Return the checked base inputs with a patch."""
    return parse_inputs(documents(patch or {}))


def live(of: Inputs, cluster: dict[str, Any] | None = None) -> Live:
    """Return a cluster of the stock and what ``cluster`` states: offline, absent, extra nodes; guests."""
    state: dict[str, Any] = {"offline": [], "absent": [], "extra": [], "guests": []}
    assert set(cluster or {}) <= set(state)
    state.update(cluster or {})
    nodes = [
        {
            "name": node.name,
            "online": node.name not in state["offline"],
            "cores": node.cores,
            "memory_mib": node.memory_mib,
        }
        for node in of.stock.hypervisors
        if node.name not in state["absent"]
    ]
    defaults = {"tags": [], "template": False, "cores": 2, "memory_mib": 2048}
    guests = [{**defaults, **guest} for guest in state["guests"]]
    return parse_live([*nodes, *state["extra"]], guests, source="test")


def plan(rows: list[dict[str, Any]] | dict[str, list[dict[str, Any]]]) -> Plan:
    """Return a plan of machines that state only what matters: name, vmid, hypervisor and address.

    A mapping of ``machines`` and ``servers`` is a plan that puts servers into service too.
    """
    machine = {
        "tier": "web",
        "tenant": "alpha",
        "template": 900,
        "cores": 2,
        "memory_mib": 2048,
        "disk_gib": 8,
        "storage": "vmdata",
        "bridge": "vmbr1",
        "gateway": "10.1.1.1",
        "nameservers": ["10.1.1.1"],
        "pool": "renfort",
        "reason": "planned before",
    }
    given = rows if isinstance(rows, dict) else {"machines": rows}
    assert set(given) <= {"machines", "servers"}
    data: dict[str, Any] = {name: [] for name in ("shortages", "served", "stages", "orders")}
    data["version"] = 2
    data["machines"] = [{**machine, **row} for row in given.get("machines", [])]
    data["servers"] = [{"reason": "planned before", **row} for row in given.get("servers", [])]
    return Plan.from_data(data, file="before")


def as_live(machine: Machine) -> dict[str, Any]:
    """Return a machine as the cluster reports it once it is provisioned."""
    return {
        "vmid": machine.vmid,
        "name": machine.name,
        "node": machine.hypervisor,
        "tags": list(machine.tags),
        "cores": machine.cores,
        "memory_mib": machine.memory_mib,
    }
