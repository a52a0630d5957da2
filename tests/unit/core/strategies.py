# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Placement problems for property tests: small, awkward, and every limit in play."""

from __future__ import annotations

from fractions import Fraction

from hypothesis import strategies as st

from ansible_collections.ent.renfort.plugins.module_utils.core.model import Loss
from ansible_collections.ent.renfort.plugins.module_utils.core.placement.problem import (
    Ask,
    Candidate,
    Host,
    Party,
    Problem,
    Shape,
)
from ansible_collections.ent.renfort.plugins.module_utils.core.server import Form

BRIDGES = ("vmbr0", "vmbr1")
RACKS = ("r1", "r2", "r3")
MEMORIES = (1024, 2048, 3072, 8192)


@st.composite
def hosts(draw: st.DrawFn, name: str, *, in_service: bool = True) -> Host:
    memory = draw(st.sampled_from([8192, 16384, 20480]))
    guests = draw(st.lists(st.sampled_from([1000, 2048, 4096]), max_size=3)) if in_service else []
    cores = draw(st.sampled_from([2, 4, 8]))
    bridges = draw(st.sampled_from([BRIDGES, BRIDGES, BRIDGES[:1]]))
    return Host(
        name=name,
        rack=draw(st.sampled_from(RACKS)),
        memory_mib=memory,
        free_memory_mib=memory - sum(guests),
        free_cores=cores - Fraction(len(guests), 2),
        bridges=frozenset(bridges),
        storages=draw(st.sampled_from([{}, {"fast": 40}])),
        guests=tuple((memory, draw(st.sampled_from(["", *bridges]))) for memory in guests),
        in_service=in_service,
    )


@st.composite
def candidates(draw: st.DrawFn, number: int) -> Candidate:
    host = draw(hosts(f"shelf-{number}", in_service=False))
    form = Form(cores=int(host.free_cores), memory_mib=host.memory_mib + 1024, disk_gib=100, nics=2)
    rackable = draw(st.booleans())
    return Candidate(name=host.name, rack=host.rack, form=form, host=host if rackable else None)


@st.composite
def asks(draw: st.DrawFn, shape: Shape, tenant: str, spots: list[str]) -> Ask:
    demand = draw(st.integers(1, 4))
    have = draw(st.integers(0, demand))
    wanted = demand - have + draw(st.integers(0, 2))
    needed = min(demand - have, wanted)
    pending = draw(st.lists(st.sampled_from(spots), max_size=min(wanted, 2))) if wanted else []
    existing = draw(st.lists(st.sampled_from(spots), min_size=have, max_size=have))
    return Ask(
        group=(shape.tier, tenant),
        shape=shape,
        needed=needed,
        spare=wanted - needed,
        demand=demand,
        have=have,
        existing={spot: existing.count(spot) for spot in existing},
        pending={spot: pending.count(spot) for spot in pending},
    )


@st.composite
def problems(draw: st.DrawFn, *, most_hosts: int = 5, survive: Loss | None = None) -> Problem:
    """Return a problem of up to five hypervisors, three servers, three tiers and three tenants."""
    nodes = [draw(hosts(f"pve{number}")) for number in range(draw(st.integers(1, most_hosts)))]
    servers = [draw(candidates(number)) for number in range(draw(st.integers(0, 3)))]
    tenants = [f"t{number}" for number in range(draw(st.integers(1, 3)))]
    spots = [node.name for node in nodes]
    found: list[Ask] = []
    for tier, runs_on in (("web", (True, False)), ("database", (True, True)), ("backup", (False, True))):
        sizes = {
            "cores": draw(st.integers(1, 4)),
            "memory_mib": draw(st.sampled_from(MEMORIES)),
            "disk_gib": 10,
            "storage": draw(st.sampled_from(["fast", "shared"])),
            "vcpus_per_core": draw(st.sampled_from([Fraction(1), Fraction(2), Fraction(3, 2)])),
        }
        for position, tenant in enumerate(tenants if tier == "web" else tenants[:1]):
            bridge = BRIDGES[position % 2]
            shape = Shape(tier=tier, bridge=bridge, as_guest=runs_on[0], as_server=runs_on[1], **sizes)
            found.append(draw(asks(shape, tenant if tier != "backup" else "", spots)))
    return Problem(
        asks=tuple(found),
        hosts=tuple(nodes),
        candidates=tuple(servers),
        parties=tuple(
            Party(name=tenant, priority=draw(st.sampled_from([1, 1, 3])), weight=draw(st.integers(1, 9)))
            for tenant in tenants
        ),
        shared_storages={"shared": draw(st.integers(0, 60))},
        survive=survive if survive is not None else draw(st.sampled_from(list(Loss))),
    )
