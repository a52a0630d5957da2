# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""From the outcome of planning to what the report and the proposals show."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, fields

from .binding import Fill, fills
from .demand import Demand
from .interval import Interval, Level
from .model import Figure, Inputs, Tenant, Traffic, Unit
from .options import options_of
from .placement.levels import SHARES
from .placement.problem import Host, Proof
from .planner import Outcome
from .report_views import (
    FigureView,
    FillView,
    HostView,
    NeedView,
    ProofView,
    QuantityView,
    RackView,
    ReportData,
    TenantView,
)
from .server_use import ServerState, ServerUse
from .text import UNIT_WORDS


def report_of(inputs: Inputs, outcome: Outcome, *, issued: str = "", at: str = "") -> ReportData:
    """Return what the report shows of a plan."""
    plan = outcome.plan
    tenants = {tenant.name: tenant for tenant in inputs.tenants}
    needs = _needs(outcome)
    return ReportData(
        level=outcome.sizing.level.value,
        issued=issued,
        at=at,
        existing=len(outcome.existing) + len(inputs.stock.carriers) + sum(map(_begun, plan.servers)),
        new=sum(need.new for need in needs),
        servers=len(plan.servers),
        missing=sum(short.missing for short in plan.shortages),
        tenants=tuple(
            _tenant(inputs, tenants[demand.tenant], demand, outcome, needs)
            for demand in outcome.sizing.demands
        ),
        shared=tuple(need for need in needs if not need.tenant),
        together=_quantities(outcome.sizing.together),
        racks=_racks(inputs, outcome),
        fills=_fills(inputs, outcome),
        shortages=plan.shortages,
        stages=plan.stages,
        orders=plan.orders,
        proofs=tuple(_proof(proof) for proof in outcome.solution.proofs),
        changes=outcome.changes,
        notes=(*outcome.hardware.notes, *outcome.solution.notes),
        measures=inputs.capacity.measures,
    )


def _needs(outcome: Outcome) -> tuple[NeedView, ...]:
    before = {ask.group: ask for ask in outcome.before.asks}
    placed = Counter({group: len(spots) for group, spots in outcome.solution.spots.items()})
    physical = Counter(
        (use.tier, use.tenant) for use in outcome.plan.servers if use.machine and not _begun(use)
    )
    return tuple(
        NeedView(
            tier=need.tier.tier,
            tenant=need.tenant,
            needed=need.needed,
            spare=need.spare,
            total=need.total,
            existing=sum(before[need.group].existing.values()),
            new=placed[need.group],
            servers=physical[need.group],
            missing=before[need.group].wanted - placed[need.group],
            binding="" if need.by_minimum or need.binding is None else UNIT_WORDS[need.binding],
            binding_unit=need.binding.value if need.binding else "",
            by_minimum=need.by_minimum or need.binding is None,
            per_machine=float(need.tier.per_machine[need.binding]) if need.binding else 0.0,
            utilisation_percent=float(need.tier.utilisation_percent),
            step=need.tier.step,
            headline=need.headline,
            arithmetic=need.arithmetic,
            low=need.totals[Level.LOW],
            mid=need.totals[Level.MID],
            high=need.totals[Level.HIGH],
            cores=need.tier.cores,
            memory_mib=need.tier.memory_mib,
            disk_gib=need.tier.disk_gib,
            data_disk_gib=need.tier.data_disk_gib,
        )
        for need in outcome.sizing.needs
    )


def _quantities(demand: Demand) -> tuple[QuantityView, ...]:
    return tuple(_quantity(unit.value, UNIT_WORDS[unit], demand.quantities[unit]) for unit in Unit)


def _tenant(
    inputs: Inputs, tenant: Tenant, demand: Demand, outcome: Outcome, needs: Sequence[NeedView]
) -> TenantView:
    served = next(item for item in outcome.plan.served if item.tenant == tenant.name)
    return TenantView(
        name=tenant.name,
        title=tenant.title,
        region=tenant.region,
        schools=tenant.schools,
        accounts=asdict(tenant.accounts),
        portals=tenant.portals,
        priority=tenant.priority,
        figure=_figure(tenant.figure),
        traffic=_traffic(tenant.traffic),
        quantities=_quantities(demand),
        steps=demand.steps,
        needs=tuple(need for need in needs if need.tenant == tenant.name),
        percent=served.percent,
        bound_by=served.bound_by,
        options=options_of(
            tenant.name,
            plan=outcome.plan,
            sizing=outcome.sizing,
            after=outcome.after,
            measures=inputs.capacity.measures,
        ),
    )


def _figure(figure: Figure) -> FigureView:
    value = figure.value
    return FigureView(
        kind=figure.kind.value,
        low=float(value.low),
        mid=float(value.mid),
        high=float(value.high),
        forecast=figure.forecast,
    )


def _traffic(traffic: Traffic) -> tuple[QuantityView, ...]:
    return tuple(
        _quantity(field.name, field.name.replace("_", " "), getattr(traffic, field.name))
        for field in fields(Traffic)
    )


def _quantity(unit: str, words: str, quantity: Interval) -> QuantityView:
    return QuantityView(
        unit=unit,
        words=words,
        low=float(quantity.low),
        mid=float(quantity.mid),
        high=float(quantity.high),
    )


def _racks(inputs: Inputs, outcome: Outcome) -> tuple[RackView, ...]:
    stock = inputs.stock
    new: dict[str, list[str]] = {}
    for machine in outcome.plan.machines:
        if machine.name not in outcome.existing:
            new.setdefault(machine.hypervisor, []).append(machine.name)
    before = {host.name: host for host in outcome.before.all_hosts()}
    coming = {use.name: use.state for use in outcome.plan.servers if use.state is not ServerState.IN_SERVICE}
    cores = _cores(inputs)
    hosts: dict[str, list[HostView]] = {}
    for host in outcome.after.hosts:
        hosts.setdefault(host.rack, []).append(
            _host(before[host.name], host, cores[host.name], new.get(host.name, []), coming.get(host.name))
        )
    for node in stock.hypervisors:
        if node.name in outcome.hardware.offline:
            rack = f"{node.site}/{node.rack}" if node.site else node.rack
            hosts.setdefault(rack, []).append(_offline(node.name, node.cores))
    uses = [use for use in outcome.plan.servers if use.machine]
    racks = {use.name: f"{use.site}/{use.rack}" if use.site else use.rack for use in uses}
    shelf = {item.name: item.rack for item in outcome.after.candidates}
    standing = {
        server.name: f"{server.site}/{server.rack}" if server.site else server.rack
        for server in stock.carriers
    }
    names = sorted({*hosts, *(racks[use.name] for use in uses), *standing.values(), *shelf.values()})
    return tuple(
        RackView(
            name=name,
            hosts=tuple(sorted(hosts.get(name, []), key=lambda host: host.name)),
            carriers=tuple(use for use in uses if racks[use.name] == name),
            in_service=tuple(sorted(server for server, rack in standing.items() if rack == name)),
            shelf=tuple(sorted(server for server, rack in shelf.items() if rack == name)),
        )
        for name in names
    )


def _begun(use: ServerUse) -> bool:
    return bool(use.machine) and use.state is not ServerState.RACKED


def _host(
    before: Host, after: Host, cores: int, machines: Sequence[str], coming: ServerState | None
) -> HostView:
    return HostView(
        name=after.name,
        state="new" if coming else "in service",
        progress="" if coming in (None, ServerState.RACKED) else coming.words,
        memory_mib=after.memory_mib,
        before_mib=before.memory_mib - before.free_memory_mib,
        after_mib=after.memory_mib - after.free_memory_mib,
        cores=float(cores),
        before_cores=float(cores - before.free_cores),
        after_cores=float(cores - after.free_cores),
        machines=tuple(machines),
    )


def _offline(name: str, cores: int) -> HostView:
    return HostView(
        name=name,
        state="off line",
        memory_mib=0,
        before_mib=0,
        after_mib=0,
        cores=float(cores),
        before_cores=0.0,
        after_cores=0.0,
        machines=(),
    )


def _cores(inputs: Inputs) -> dict[str, int]:
    cores = {node.name: node.cores for node in inputs.stock.hypervisors}
    return cores | {server.name: server.form.cores for server in inputs.stock.servers}


def _fills(inputs: Inputs, outcome: Outcome) -> tuple[FillView, ...]:
    cores = _cores(inputs)
    before = {fill.resource: fill for fill in fills(outcome.before, cores)}
    return tuple(
        FillView(
            resource=fill.resource,
            before=_percent(before.get(fill.resource, fill)),
            after=_percent(fill),
        )
        for fill in fills(outcome.after, cores)
    )


def _percent(fill: Fill) -> float:
    return round(float(fill.percent), 2)


def _proof(proof: Proof) -> ProofView:
    unit, factor = ("%", 100) if proof.level in SHARES else ("", 1)
    return ProofView(
        level=proof.level,
        value=round(float(proof.value * factor), 3),
        bound=round(float(proof.bound * factor), 3),
        unit=unit,
        gap=round(float(proof.gap_percent), 3),
        method=proof.method,
    )
