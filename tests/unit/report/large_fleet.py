# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A report made by hand of the size of a real fleet."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import cycle, islice

from ansible_collections.ent.renfort.plugins.module_utils.core.plan_records import Order, Shortage, Stage
from ansible_collections.ent.renfort.plugins.module_utils.core.report_views import (
    FillView,
    HostView,
    NeedView,
    ProofView,
    RackView,
    ReportData,
    TenantView,
)
from ansible_collections.ent.renfort.plugins.module_utils.core.server_use import ServerUse
from tests.unit.report.fleets import GIB, carrier, host, need, offline, sessions, small, tenant

PLACES = (
    "Ain", "Allier", "Ardèche", "Aube", "Bas-Rhin", "Calvados", "Cantal", "Charente", "Corrèze", "Creuse",
    "Dordogne", "Doubs", "Drôme", "Eure", "Gironde", "Haut-Rhin", "Isère", "Jura", "Landes", "Loire",
    "Loiret", "Manche", "Marne", "Moselle", "Nièvre", "Nord", "Orne", "Rhône", "Seine-Maritime", "Vosges",
)  # fmt: skip

SHARED = (
    need("haproxy", "", existing=4, new=16, spare=2),
    need("smtp", "", existing=2, new=20, spare=2),
    need("vpn", "", existing=2, new=1, spare=0),
    need("backup", "", existing=4, new=15, spare=0),
)

FILLS = (
    FillView(resource="memory less the room for the loss of a rack", before=24.31, after=99.62),
    FillView(resource="memory", before=23.14, after=94.83),
    FillView(resource="cores", before=17.4, after=71.29),
)

STAGES = (
    Stage(
        when="2020-04-17",
        earliest="2020-04-14",
        arrives=("supplier-a-april",),
        served={"nord": 88.1, "rhone": 90.0},
        missing=58,
    ),
    Stage(
        when="2020-04-30",
        earliest="2020-04-16",
        arrives=("supplier-b", "regional-loan"),
        served={"nord": 93.5},
        missing=21,
    ),
    Stage(
        when="2020-06-15",
        earliest="2020-05-18",
        arrives=("supplier-c-first-lot",),
        served={},
        missing=0,
    ),
    Stage(when="unknown", earliest="", arrives=("supplier-c-second-lot",), served={}, missing=0),
)

ORDERS = (
    Order(
        closes="now",
        model="2U, two sockets",
        servers=7,
        cores=64,
        memory_mib=768 * GIB,
        price=84000.0,
    ),
    Order(closes="now", model="1U database", servers=2, cores=32, memory_mib=256 * GIB, price=13800.0),
)

PROOFS = (
    ProofView(level="worst-served tenant", value=81.25, bound=81.25, unit="%", gap=0.0, method="solver"),
    ProofView(level="all tenants together", value=97.842, bound=97.842, unit="%", gap=0.0, method="solver"),
    ProofView(level="machines placed", value=93.121, bound=93.402, unit="%", gap=0.302, method="solver"),
    ProofView(level="planned before and kept", value=0.0, bound=0.0, unit="", gap=0.0, method="arithmetic"),
    ProofView(level="room for a loss", value=1.0, bound=1.0, unit="", gap=0.0, method="arithmetic"),
    ProofView(level="servers put into service", value=16.0, bound=16.0, unit="", gap=0.0, method="solver"),
    ProofView(
        level="machines away from an even spread", value=3.0, bound=0.0, unit="", gap=100.0, method="solver"
    ),
    ProofView(
        level="balance of the hypervisors", value=98.41, bound=99.87, unit="%", gap=1.484, method="solver"
    ),
)


def large() -> ReportData:
    """Return 30 tenants on 64 hypervisors in 24 racks; of about 1,600 machines 96 find no place."""
    tenants = tuple(_large_tenant(number, place) for number, place in enumerate(PLACES))

    needs = [*SHARED, *(item for one in tenants for item in one.needs)]
    missing = sum(item.missing for item in needs)
    short = [item for item in needs if item.missing]
    return replace(
        small(),
        existing=sum(item.existing for item in needs),
        new=sum(item.new for item in needs),
        servers=16,
        missing=missing,
        tenants=tenants,
        shared=SHARED,
        together=(sessions(*(sum(ends) for ends in zip(*(_ends(one) for one in tenants), strict=True))),),
        racks=_large_racks([item for item in needs if item.new]),
        fills=FILLS,
        shortages=tuple(
            Shortage(
                tier=item.tier,
                tenant=item.tenant,
                missing=item.missing,
                memory_mib=item.missing * item.memory_mib,
                reason="the 1,204,224 MiB that are free must stay free for the loss of a rack",
                advice="bring back pve-07, pve-31, which would take some of them",
                until="2020-04-30" if item.missing < 15 else "2020-06-15",
            )
            for item in short
        ),
        stages=STAGES,
        orders=ORDERS,
        proofs=PROOFS,
        notes=("pve-07 is off line: nothing is placed on it", "pve-31 is off line: nothing is placed on it"),
    )


def _ends(one: TenantView) -> tuple[float, float, float]:
    return one.quantities[0].low, one.quantities[0].mid, one.quantities[0].high


def _large_tenant(number: int, place: str) -> TenantView:
    name = place.lower().replace("-", "_").replace("è", "e").replace("ô", "o")
    short = {
        "nord": (40, 81.25),
        "rhone": (25, 86.4),
        "gironde": (20, 90.2),
        "isere": (10, 94.7),
        "moselle": (1, 97.9),
    }
    lacking, percent = short.get(name, (0, 100.0))
    size = 8 + (number * 7) % 40 + (60 if lacking > 2 else 0)
    mid = size * 1000.0
    view = tenant(
        name,
        need("web", name, existing=size // 5, new=size - size // 5 - lacking, missing=lacking),
        need("cas", name, existing=1, new=size // 4),
        need("database", name, existing=1, new=size // 8, servers=1 if size > 40 else 0),
        need("storage", name, existing=1, new=size // 16, spare=0),
        percent=percent,
        bound_by="web" if lacking else "",
        demand=(mid * 0.72, mid, mid * 1.46) if number % 5 else (mid, mid, mid),
        options=small().tenants[0].options if lacking else (),
    )
    kind = ("Collèges", "Lycées", "Écoles")[number % 3]
    article = "de l'" if place[0] in "AEIO" else "de "
    region = ("Grand Est", "Normandie", "Auvergne-Rhône-Alpes", "Nouvelle-Aquitaine")[number % 4]
    return replace(view, title=f"{kind} {article}{place}", region=region, schools=20 + number * 11)


def _large_racks(needs: list[NeedView]) -> tuple[RackView, ...]:
    """Return 25 racks: hypervisors filled to different degrees, and some racks with servers."""
    names = cycle(
        f"{item.tenant.replace('_', '-')}{'-' if item.tenant else ''}{item.tier}-{number:02d}"
        for number in range(2, 40)
        for item in needs
        if number <= item.new + 1
    )
    racks: list[RackView] = [
        RackView(
            name="",
            hosts=(),
            carriers=(),
            in_service=(),
            shelf=tuple(f"spare-{number:02d}" for number in range(1, 8)),
        )
    ]
    for number in range(24):
        site, label = ("north", f"n{number + 1:02d}") if number < 14 else ("south", f"s{number - 13:02d}")
        hosts = [_large_host(number * 3 + slot, names) for slot in range(2 + number % 2)]
        uses: tuple[ServerUse, ...] = ()
        standing: tuple[str, ...] = ()
        shelf: tuple[str, ...] = ()
        if number in (4, 5, 16, 20):
            hosts.append(host(f"srv-{number:02d}-1", before=0, after=420, gib=496, state="new"))
        if number in (6, 12, 19):
            uses = tuple(
                carrier(f"srv-{number:02d}-{slot}", f"{name}-database-0{slot}", tenant=name)
                for slot, name in enumerate(("nord", "seine-maritime", "rhone", "gironde"), start=1)
            )
        if number in (1, 6, 15):
            standing = tuple(f"db-{number:02d}-{slot}" for slot in range(1, 4))
        if number in (2, 21):
            shelf = tuple(f"srv-{number:02d}-{slot}" for slot in range(1, 5))
        racks.append(
            RackView(
                name=f"{site}/{label}", hosts=tuple(hosts), carriers=uses, in_service=standing, shelf=shelf
            )
        )
    return tuple(racks)


def _large_host(number: int, names: Iterator[str]) -> HostView:
    if number in (6, 30):
        return offline(f"pve-{number + 1:02d}")
    gib = (496, 240, 1008)[(number // 3) % 3]
    before = gib * (10 + number * 13 % 35) // 100
    after = gib * (88 + number * 7 % 12) // 100
    machines = tuple(islice(names, (after - before) * 20 // gib))
    return replace(host(f"pve-{number + 1:02d}", before=before, after=after, gib=gib), machines=machines)
