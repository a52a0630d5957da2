# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reports made by hand, of which every number is known."""

from __future__ import annotations

from dataclasses import replace

from ansible_collections.ent.renfort.plugins.module_utils.core.model import Measure
from ansible_collections.ent.renfort.plugins.module_utils.core.names import TIERS
from ansible_collections.ent.renfort.plugins.module_utils.core.options import Option, OptionKind
from ansible_collections.ent.renfort.plugins.module_utils.core.plan_records import (
    Change,
    Order,
    Shortage,
    Stage,
)
from ansible_collections.ent.renfort.plugins.module_utils.core.report_views import (
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
from ansible_collections.ent.renfort.plugins.module_utils.core.server_use import ServerUse

GIB = 1024


def host(name: str, *, before: int, after: int, gib: int = 100, state: str = "in service") -> HostView:
    """Return a hypervisor, ``before`` and ``after`` GiB of it in use; its new machines take 10 GiB each."""
    machines = tuple(f"{name}-guest-{number:02d}" for number in range(1, 1 + (after - before) // 10))
    return HostView(
        name=name,
        state=state,
        memory_mib=gib * GIB,
        before_mib=before * GIB,
        after_mib=after * GIB,
        cores=64.0,
        before_cores=32.0 * before / (gib or 1),
        after_cores=32.0 * after / (gib or 1),
        machines=machines,
    )


def offline(name: str) -> HostView:
    """Return a hypervisor that does not answer."""
    return replace(host(name, before=0, after=0, gib=0, state="off line"), cores=64.0)


def carrier(name: str, machine: str, *, tenant: str = "", origin: str = "") -> ServerUse:
    """Return a server that carries a database."""
    return ServerUse(
        name=name,
        site="north",
        rack="n2",
        origin=origin,
        machine=machine,
        tier="database",
        tenant=tenant,
        address="10.0.0.9/24",
        reason=f"database 1 of 2 for {tenant or 'all tenants'}: 3,000 requests/s ÷ 1,600 = 1.88 → 2",
    )


def need(
    tier: str, tenant: str, *, existing: int, new: int, missing: int = 0, servers: int = 0, spare: int = 1
) -> NeedView:
    """Return the machines of a tier; at low demand a quarter less, at high demand half more."""
    total = existing + new + missing
    return NeedView(
        tier=tier,
        tenant=tenant,
        needed=total - spare,
        spare=spare,
        total=total,
        existing=existing,
        new=new,
        servers=servers,
        missing=missing,
        binding="sessions" if tier == "web" else "requests/s",
        binding_unit="sessions" if tier == "web" else "requests_per_second",
        by_minimum=False,
        per_machine=1250.0,
        utilisation_percent=80.0,
        step=1,
        headline=f"{tier} ×{total}",
        arithmetic=f"{total * 1000:,} sessions ÷ 1,000 = {total - spare}; + {spare} spare = {total} machines",
        low=total - total // 4,
        mid=total,
        high=total + total // 2,
        cores=4,
        memory_mib=8192,
        disk_gib=40,
    )


def sessions(low: float, mid: float, high: float) -> QuantityView:
    """Return the sessions of a demand."""
    return QuantityView(unit="sessions", words="sessions", low=low, mid=mid, high=high)


def tenant(
    name: str,
    *needs: NeedView,
    percent: float = 100.0,
    bound_by: str = "",
    demand: tuple[float, float, float] = (8000.0, 10000.0, 15000.0),
    options: tuple[Option, ...] = (),
) -> TenantView:
    """Return a tenant whose title is its name in capitals."""
    return TenantView(
        name=name,
        title=name.replace("_", " ").title(),
        region="Normandie",
        schools=42,
        accounts={"pupils": 20000, "teachers": 2000, "parents": 10000, "staff": 100},
        portals=(f"{name}.ent.example",),
        priority=1,
        figure=FigureView(
            kind="visits_per_month", low=1_000_000.0, mid=1_000_000.0, high=1_000_000.0, forecast=False
        ),
        traffic=(),
        quantities=(sessions(*demand),),
        steps=(
            "1,000,000 visits a month ÷ 20 school days × 18 % in the busiest hour ÷ 3,600 s = 2.5 visits/s",
            "2.5 visits/s × 2 peak to mean × 5 in the surge = 25 visits/s",
            "Little's law: 25 visits/s × 600 s = 15,000 concurrent sessions",
        ),
        needs=needs,
        percent=percent,
        bound_by=bound_by,
        options=options,
    )


OPTIONS = (
    Option(
        kind=OptionKind.ORDER,
        percent=100.0,
        sessions=8000,
        waiting=0,
        when="unknown",
        earliest="",
        brings=("2 × r640",),
    ),
    Option(
        kind=OptionKind.DELIVERY,
        percent=87.5,
        sessions=7000,
        waiting=1000,
        when="2020-04-30",
        earliest="2020-04-16",
        brings=("april",),
    ),
    Option(
        kind=OptionKind.MEASURES,
        percent=75.0,
        sessions=6000,
        waiting=2000,
        when="",
        earliest="",
        brings=("hold_mail",),
    ),
    Option(
        kind=OptionKind.STOCK,
        percent=62.5,
        sessions=5000,
        waiting=3000,
        when="",
        earliest="",
        brings=(),
    ),
)

RACKS = (
    RackView(name="", hosts=(), carriers=(), in_service=(), shelf=("shelf-09",)),
    RackView(
        name="north/n1",
        hosts=(host("pve-01", before=25, after=75), host("pve-02", before=50, after=50)),
        carriers=(),
        in_service=("db-01", "db-02"),
        shelf=(),
    ),
    RackView(
        name="north/n2",
        hosts=(host("shelf-01", before=0, after=40, gib=200, state="new"), offline("pve-03")),
        carriers=(carrier("shelf-02", "eure-database-02", tenant="eure"),),
        in_service=(),
        shelf=("shelf-03", "shelf-04"),
    ),
)

FILLS = (
    FillView(resource="memory less the room for the loss of a hypervisor", before=37.5, after=110.0),
    FillView(resource="memory", before=18.75, after=41.25),
    FillView(resource="cores", before=10.0, after=22.0),
)

SHORTAGES = (
    Shortage(
        tier="web",
        tenant="eure",
        missing=5,
        memory_mib=5 * 8192,
        reason="a machine needs 8,192 MiB and no hypervisor has more than 4,096 MiB free",
        advice="bring back pve-03, which would take some of them",
        until="unknown",
    ),
)

STAGES = (
    Stage(when="2020-04-30", earliest="2020-04-16", arrives=("april",), served={"eure": 87.5}, missing=2),
    Stage(when="2020-06-15", earliest="2020-06-15", arrives=("june",), served={"eure": 90.0}, missing=1),
    Stage(when="unknown", earliest="", arrives=("later", "someday"), served={}, missing=0),
)

ORDERS = (
    Order(closes="now", model="r640", servers=2, cores=64, memory_mib=512 * GIB, price=18000.0),
    Order(closes="rest", model="r640", servers=1, cores=64, memory_mib=512 * GIB, price=9000.0),
)

PROOFS = (
    ProofView(level="worst-served tenant", value=62.5, bound=62.5, unit="%", gap=0.0, method="solver"),
    ProofView(level="servers put into service", value=2.0, bound=2.0, unit="", gap=0.0, method="solver"),
    ProofView(level="room for a loss", value=0.0, bound=0.0, unit="", gap=0.0, method="arithmetic"),
    ProofView(
        level="balance of the hypervisors", value=90.0, bound=95.0, unit="%", gap=5.556, method="solver"
    ),
)

CHANGES = (
    Change(action="add", machine="eure-web-03", reason="web 3 of 10 for eure"),
    Change(action="adopt", machine="eure-web-01", reason="web 1 of 10 for eure"),
    Change(action="remove", machine="orne-cas-01", reason="no longer needed"),
)

MEASURES = (
    Measure(
        name="hold_mail",
        title={"fr": "Retenir le courrier", "en": "Hold notification mail"},
        seen={"fr": "…", "en": "E-mail comes later"},
        reduces_percent={},
    ),
)


def small() -> ReportData:
    """Return two tenants on three racks with one of everything that the page shows."""
    eure = tenant(
        "eure",
        need("web", "eure", existing=2, new=3, missing=5),
        need("database", "eure", existing=1, new=1, servers=1),
        percent=62.5,
        bound_by="web",
        demand=(6000.0, 8000.0, 16000.0),
        options=OPTIONS,
    )
    orne = tenant("orne", need("web", "orne", existing=2, new=2), demand=(4000.0, 4000.0, 4000.0))
    return ReportData(
        level="mid",
        issued="2020-03-17",
        at="",
        existing=6,
        new=7,
        servers=2,
        missing=5,
        tenants=(eure, orne),
        shared=(need("haproxy", "", existing=1, new=1),),
        together=(sessions(10000.0, 12000.0, 20000.0),),
        racks=RACKS,
        fills=FILLS,
        shortages=SHORTAGES,
        stages=STAGES,
        orders=ORDERS,
        proofs=PROOFS,
        changes=CHANGES,
        notes=("pve-03 is off line: nothing is placed on it",),
        measures=MEASURES,
    )


def without_shortage() -> ReportData:
    """Return the small fleet with a place for every machine."""
    data = small()
    tenants = tuple(
        replace(
            item,
            percent=100.0,
            bound_by="",
            options=(),
            needs=tuple(replace(need, new=need.new + need.missing, missing=0) for need in item.needs),
        )
        for item in data.tenants
    )
    stages = tuple(replace(stage, served={}, missing=0) for stage in data.stages)
    return replace(
        data,
        tenants=tenants,
        new=12,
        missing=0,
        shortages=(),
        orders=(),
        stages=stages,
        fills=data.fills[1:],
    )


def awkward() -> ReportData:
    """Return the small fleet with the longest names, every tier, and forty hypervisors in a rack."""
    data = small()
    long = "a-name-as-long-as-the-label-of-a-host-name-may-be-at-the-very-most"[:63]
    every = tuple(need(tier, "eure", existing=120, new=1300, missing=75) for tier in TIERS)
    titled = replace(
        data.tenants[0], title=f"Établissements{'_du_second_degré' * 6}", region="Région " * 12, needs=every
    )
    hosts = tuple(host(f"pve-{number:02d}.{long}", before=5, after=95) for number in range(40))
    named = replace(data.racks[2], name=f"{long}/{long}", hosts=(*data.racks[2].hosts, *hosts))
    return replace(
        data,
        tenants=(titled, data.tenants[1]),
        racks=(
            replace(named, carriers=(carrier(long, long),), shelf=tuple("abcdefghijklmnop")),
            data.racks[1],
        ),
        shortages=(replace(data.shortages[0], reason=long, advice=long * 2),),
        stages=tuple(replace(stage, arrives=(long, long)) for stage in data.stages),
        orders=tuple(replace(order, model=long, servers=40) for order in data.orders),
        notes=(long * 3,),
    )
