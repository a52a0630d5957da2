# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Three tenants by hand: one served from the stock, one that waits for hardware, one with measures only."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from fractions import Fraction

from ansible_collections.ent.renfort.plugins.module_utils.core.model import Measure, Unit
from ansible_collections.ent.renfort.plugins.module_utils.core.names import TIERS
from ansible_collections.ent.renfort.plugins.module_utils.core.options import Option, OptionKind
from ansible_collections.ent.renfort.plugins.module_utils.core.plan_records import Order, Shortage, Stage
from ansible_collections.ent.renfort.plugins.module_utils.core.report_views import (
    NeedView,
    ReportData,
    TenantView,
)
from ansible_collections.ent.renfort.plugins.module_utils.core.text import UNIT_WORDS
from tests.unit.proposal.demands import PER_MACHINE, daily, monthly, quantities, requested, seated, traffic

MEASURES = (
    Measure(
        name="hold_mail",
        title={"fr": "Suspension des notifications par courriel", "en": "E-mail notifications held"},
        seen={
            "fr": "Les messages restent lisibles sur le portail; aucun courriel n'est plus envoyé.",
            "en": "Messages can be read on the portal; no e-mail is sent.",
        },
        reduces_percent={Unit.MESSAGES: Fraction(95)},
    ),
    Measure(
        name="light_home",
        title={"fr": "Page d'accueil allégée", "en": "Lighter home page"},
        seen={
            "fr": 'Les blocs "agenda" et "actualités" sont remplacés par un lien.',
            "en": 'The blocks "calendar" and "news" are replaced by a link.',
        },
        reduces_percent={Unit.REQUESTS: Fraction(30)},
    ),
)


def need(
    tier: str,
    numbers: tuple[int, int, int, int, int],
    *,
    tenant: str = "",
    unit: Unit | None = None,
    ends: tuple[int, int] | None = None,
    servers: int = 0,
    size: tuple[int, int, int] = (4, 8192, 40),
    by_minimum: bool = False,
    step: int = 1,
    data_disk: int = 0,
) -> NeedView:
    """Return the machines of a tier: needed, spare, existing, new and missing ones."""
    needed, spare, existing, new, missing = numbers
    low, high = ends or (needed + spare, needed + spare)
    cores, memory, disk = size
    return NeedView(
        tier=tier,
        tenant=tenant,
        needed=needed,
        spare=spare,
        total=needed + spare,
        existing=existing,
        new=new,
        servers=servers,
        missing=missing,
        binding=UNIT_WORDS[unit] if unit and not by_minimum else "",
        binding_unit=unit.value if unit else "",
        by_minimum=by_minimum or unit is None,
        per_machine=PER_MACHINE[unit] if unit else 0.0,
        utilisation_percent=80.0,
        step=step,
        headline="not shown to customers",
        arithmetic="not shown to customers",
        low=low,
        mid=needed + spare,
        high=high,
        cores=cores,
        memory_mib=memory,
        disk_gib=disk,
        data_disk_gib=data_disk,
    )


def option(
    kind: OptionKind,
    percent: float,
    *,
    of: int,
    when: str = "",
    earliest: str = "",
    brings: tuple[str, ...] = (),
) -> Option:
    """Return an option that serves a part of some sessions."""
    admitted = int(of * percent / 100)
    return Option(
        kind=kind,
        percent=percent,
        sessions=admitted,
        waiting=of - admitted,
        when=when,
        earliest=earliest,
        brings=brings,
    )


def shortage(tier: str, tenant: str, missing: int, *, until: str = "") -> Shortage:
    """Return a shortage; why it is one, and its memory, customers do not read."""
    return Shortage(
        tier=tier, tenant=tenant, missing=missing, memory_mib=0, reason="", advice="", until=until
    )


def stage(earliest: str, when: str, *arrives: str) -> Stage:
    """Return what arrives by a date."""
    return Stage(when=when, earliest=earliest, arrives=arrives, served={}, missing=0)


def served() -> TenantView:
    """Return a tenant that the stock serves whole, with a demand that has no range."""
    return TenantView(
        name="creuse",
        title="Collèges de la Creuse",
        region="Limousin",
        schools=15,
        accounts={"pupils": 5200, "teachers": 480, "parents": 0, "staff": 0},
        portals=("creuse.ent.example",),
        priority=1,
        figure=monthly(4, 4, 4),
        traffic=traffic(),
        quantities=quantities(4, 4, 4, accounts=5680),
        steps=(),
        needs=(
            need("web", (3, 1, 2, 2, 0), tenant="creuse", unit=Unit.SESSIONS),
            need("cas", (1, 1, 2, 0, 0), tenant="creuse", unit=Unit.LOGINS, size=(2, 4096, 20)),
            need("database", (2, 1, 2, 1, 0), tenant="creuse", size=(8, 32768, 500)),
        ),
        percent=100.0,
        bound_by="",
        options=(option(OptionKind.STOCK, 100.0, of=2400),),
    )


def waiting() -> TenantView:
    """Return a tenant that lacks machines, with every kind of option."""
    of = 15_000
    return TenantView(
        name="eure",
        title="Collèges de l'Eure",
        region="Normandie",
        schools=56,
        accounts={"pupils": 30000, "teachers": 2800, "parents": 10640, "staff": 410},
        portals=("eure.ent.example", "colleges-eure.ent.example"),
        priority=2,
        figure=monthly(18, 25, 32.5),
        traffic=traffic(),
        quantities=quantities(18, 25, 32.5, accounts=43850),
        steps=(),
        needs=(
            need("web", (15, 1, 5, 5, 6), tenant="eure", unit=Unit.SESSIONS, ends=(12, 20)),
            need("cas", (5, 1, 2, 4, 0), tenant="eure", unit=Unit.LOGINS, ends=(4, 7), size=(2, 4096, 20)),
            need(
                "database",
                (2, 1, 1, 2, 0),
                tenant="eure",
                unit=Unit.REQUESTS,
                servers=2,
                ends=(3, 4),
                size=(32, 262144, 4000),
            ),
            need(
                "storage",
                (1, 0, 1, 0, 0),
                tenant="eure",
                unit=Unit.ACCOUNTS,
                size=(4, 16384, 40),
                data_disk=2000,
            ),
        ),
        percent=66.66,
        bound_by="web",
        options=(
            option(
                OptionKind.DELIVERY,
                100.0,
                of=of,
                when="2020-04-30",
                earliest="2020-04-16",
                brings=("fournisseur-b", "fournisseur-c"),
            ),
            option(OptionKind.ORDER, 100.0, of=of, when="unknown", brings=("3 × r640",)),
            option(OptionKind.MEASURES, 92.31, of=of, brings=("hold_mail", "light_home")),
            option(
                OptionKind.DELIVERY,
                86.66,
                of=of,
                when="2020-04-06",
                earliest="2020-03-31",
                brings=("fournisseur-a",),
            ),
            option(OptionKind.STOCK, 66.66, of=of),
        ),
    )


def measured() -> TenantView:
    """Return a tenant that only measures help, bounded by a tier that all share."""
    of = 120_000
    return TenantView(
        name="somme",
        title="Somme",
        region="",
        schools=1,
        accounts={"pupils": 0, "teachers": 0, "parents": 0, "staff": 1},
        portals=("somme.ent.example",),
        priority=1,
        figure=monthly(150, 200, 200),
        traffic=traffic(),
        quantities=quantities(150, 200, 200, accounts=1),
        steps=(),
        needs=(need("web", (120, 0, 40, 80, 0), tenant="somme", unit=Unit.SESSIONS),),
        percent=75.0,
        bound_by="smtp",
        options=(
            option(OptionKind.MEASURES, 100.0, of=of, brings=("hold_mail", "light_home")),
            option(OptionKind.STOCK, 75.0, of=of),
        ),
    )


def report(
    *tenants: TenantView,
    lacking: bool = True,
    issued: str = "",
    at: str = "",
    level: str = "mid",
    shortages: tuple[Shortage, ...] | None = None,
) -> ReportData:
    """Return a report of some tenants; where nothing is lacking, the mail servers have all their machines."""
    return ReportData(
        level=level,
        issued=issued,
        at=at,
        existing=20,
        new=30,
        servers=2,
        missing=7,
        tenants=tenants,
        shared=(
            need("haproxy", (4, 2, 4, 2, 0), unit=Unit.CONNECTIONS, size=(4, 4096, 20)),
            need("smtp", (4, 0, 2, 1 if lacking else 2, 1 if lacking else 0), unit=Unit.MESSAGES),
            need("monitoring", (2, 0, 2, 0, 0), size=(4, 16384, 500)),
        ),
        together=quantities(170, 229, 236, accounts=49531),
        racks=(),
        fills=(),
        shortages=shortages
        or (
            shortage("web", "eure", 6, until="2020-04-30"),
            *([shortage("smtp", "", 1)] if lacking else []),
        ),
        stages=(
            stage("2020-03-31", "2020-04-06", "fournisseur-a"),
            stage("2020-04-16", "2020-04-30", "fournisseur-b", "fournisseur-c"),
        ),
        orders=(
            Order(closes="now", model="r640", servers=3, cores=64, memory_mib=524288, price=27000.0),
            Order(closes="rest", model="r640", servers=1, cores=64, memory_mib=524288, price=9000.0),
        ),
        proofs=(),
        changes=(),
        notes=(),
        measures=MEASURES,
    )


def undated() -> TenantView:
    """Return a tenant that waits for a delivery of which nobody knows the date."""
    ranked = (
        option(OptionKind.DELIVERY, 100.0, of=15_000, when="unknown", brings=("fournisseur-d",)),
        option(OptionKind.STOCK, 66.66, of=15_000),
    )
    return replace(waiting(), options=ranked)


def without_choice() -> TenantView:
    """Return a tenant that nothing helps."""
    return replace(waiting(), options=(option(OptionKind.STOCK, 66.66, of=15_000),))


def without_spare() -> TenantView:
    """Return a tenant that is served whole and lacks a spare machine."""
    web, *rest = served().needs
    return replace(served(), needs=(replace(web, new=1, missing=1), *rest))


def versatile() -> TenantView:
    """Return a tenant with every tier, and with every unit deciding the machines of some tier."""
    units = list(Unit)
    tiers = [*TIERS, *TIERS[: len(units) - len(TIERS)]]
    return replace(
        served(),
        needs=tuple(
            need(tier, (1, 0, 1, 0, 0), tenant="creuse", unit=unit, size=(1, 512, 1))
            for tier, unit in zip(tiers, units, strict=True)
        ),
    )


def in_steps() -> TenantView:
    """Return a tenant whose web servers come in pairs that are used to the full."""
    _web, *rest = served().needs
    pairs = need("web", (2, 2, 2, 2, 0), tenant="creuse", unit=Unit.SESSIONS, step=2)
    return replace(served(), needs=(replace(pairs, utilisation_percent=100.0), *rest))


def minimal() -> TenantView:
    """Return a tenant whose machines are minimums, with a figure by school."""
    return replace(
        served(),
        figure=daily(4, per="school"),
        needs=(
            need("web", (2, 2, 4, 0, 0), tenant="creuse", unit=Unit.SESSIONS, by_minimum=True, step=2),
            need("cas", (2, 0, 2, 0, 0), tenant="creuse"),
        ),
    )


CASES: Mapping[str, tuple[ReportData, str]] = {
    "served": (report(served(), lacking=False), "creuse"),
    "waiting": (report(waiting(), lacking=False, issued="2020-03-17"), "eure"),
    "measured": (report(measured()), "somme"),
    "at_a_date": (
        report(waiting(), lacking=False, issued="2020-03-17", at="2020-05-01", level="high"),
        "eure",
    ),
    "on_a_day": (
        report(
            replace(
                waiting(),
                options=tuple(replace(it, earliest=it.when) for it in waiting().options),
            ),
            lacking=False,
        ),
        "eure",
    ),
    "undated": (report(undated(), lacking=False, level="low"), "eure"),
    "without_choice": (report(without_choice(), lacking=False), "eure"),
    "without_spare": (
        report(without_spare(), lacking=False, shortages=(shortage("web", "creuse", 1, until="unknown"),)),
        "creuse",
    ),
    "versatile": (report(versatile(), lacking=False), "creuse"),
    "versatile_sessions": (
        report(replace(versatile(), figure=seated(4, forecast=False)), lacking=False),
        "creuse",
    ),
    "in_steps": (report(in_steps(), lacking=False, issued="2020-03-17"), "creuse"),
    "by_minimum": (report(minimal(), lacking=False, issued="2020-03-17"), "creuse"),
    "requested": (report(replace(served(), figure=requested(4)), lacking=False), "creuse"),
    "by_account": (report(replace(served(), figure=daily(4, per="account")), lacking=False), "creuse"),
    "forecast": (report(replace(served(), figure=seated(4, forecast=True)), lacking=False), "creuse"),
}
"""Reports, each with the tenant whose proposal is made; the first three are the golden ones."""


def titled(title: str) -> tuple[ReportData, str]:
    """Return a report of a tenant with a title of its own, and the tenant."""
    return report(replace(waiting(), title=title), lacking=False), "eure"
