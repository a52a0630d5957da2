# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the report and the proposals show, as values: renderers read this and compute nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from .model import Measure
from .options import Option
from .plan_records import Change, Order, Shortage, Stage
from .server_use import ServerUse


@dataclass(frozen=True, slots=True, kw_only=True)
class QuantityView:
    """One derived quantity of a demand, from low to high."""

    unit: str
    words: str
    low: float
    mid: float
    high: float


@dataclass(frozen=True, slots=True, kw_only=True)
class FigureView:
    """The figure from which a demand is derived: its kind, its ends, whether the surge is in it already."""

    kind: str
    low: float
    mid: float
    high: float
    forecast: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class NeedView:
    """The machines of one tier, for one tenant or (empty) for all.

    ``total`` is ``needed`` and ``spare`` together; of them ``existing`` are there, ``new`` are planned
    (``servers`` of these are physical) and ``missing`` find no place. ``binding`` is the unit that asks
    for the most, in words, and ``binding_unit`` its name; ``by_minimum`` tells that the tier's minimum
    decides instead. ``per_machine`` is what one machine carries of that unit at full load, of which
    ``utilisation_percent`` is used; all machines are a multiple of ``step``. ``low``, ``mid`` and
    ``high`` are the totals at each level of demand. ``data_disk_gib`` is 0 without a data disk.
    """

    tier: str
    tenant: str
    needed: int
    spare: int
    total: int
    existing: int
    new: int
    servers: int
    missing: int
    binding: str
    binding_unit: str
    by_minimum: bool
    per_machine: float
    utilisation_percent: float
    step: int
    headline: str
    arithmetic: str
    low: int
    mid: int
    high: int
    cores: int
    memory_mib: int
    disk_gib: int
    data_disk_gib: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class TenantView:
    """One tenant: who it is, what it will need, what it gets and what it can choose from.

    ``traffic`` are the factors of the arithmetic, named as in capacity.yml.
    """

    name: str
    title: str
    region: str
    schools: int
    accounts: Mapping[str, int]
    portals: tuple[str, ...]
    priority: int
    figure: FigureView
    traffic: tuple[QuantityView, ...]
    quantities: tuple[QuantityView, ...]
    steps: tuple[str, ...]
    needs: tuple[NeedView, ...]
    percent: float
    bound_by: str
    options: tuple[Option, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class HostView:
    """One hypervisor, its memory (MiB) and cores before and after; ``state`` is in service, new or off line.

    ``memory_mib`` is what guests may use; ``machines`` are the new ones, by name. ``progress`` is how far a
    new one is on its way into service, empty while it is only racked.
    """

    name: str
    state: str
    memory_mib: int
    before_mib: int
    after_mib: int
    cores: float
    before_cores: float
    after_cores: float
    machines: tuple[str, ...]
    progress: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class RackView:
    """One rack: its hypervisors, the servers in it that are machines, and those still on the shelf.

    ``carriers`` are planned, ``in_service`` names those that carry a machine already.
    """

    name: str
    hosts: tuple[HostView, ...]
    carriers: tuple[ServerUse, ...]
    in_service: tuple[str, ...]
    shelf: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class FillView:
    """How far one resource of all hypervisors together is used, in percent."""

    resource: str
    before: float
    after: float


@dataclass(frozen=True, slots=True, kw_only=True)
class ProofView:
    """What is proved: no placement is better than ``bound``; ``gap`` is in percent of it.

    Value and bound are in ``unit``: percent, or empty for a number.
    """

    level: str
    value: float
    bound: float
    unit: str
    gap: float
    method: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportData:
    """The whole report.

    ``issued`` is the date (ISO) on which it is made, ``at`` that of the stock planned with, empty for
    today's.
    """

    level: str
    issued: str
    at: str
    existing: int
    new: int
    servers: int
    missing: int
    tenants: tuple[TenantView, ...]
    shared: tuple[NeedView, ...]
    together: tuple[QuantityView, ...]
    racks: tuple[RackView, ...]
    fills: tuple[FillView, ...]
    shortages: tuple[Shortage, ...]
    stages: tuple[Stage, ...]
    orders: tuple[Order, ...]
    proofs: tuple[ProofView, ...]
    changes: tuple[Change, ...]
    notes: tuple[str, ...]
    measures: tuple[Measure, ...]
