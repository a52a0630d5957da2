# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""How far a server is, by what is known of it."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.ent.renfort.plugins.module_utils.core.server_progress import progress_of
from ansible_collections.ent.renfort.plugins.module_utils.core.server_use import ServerState, ServerUse

SINCE = "2020-03-28T17:04:00Z"
MACHINE = {"machine": "alpha-database-01", "tier": "database", "tenant": "alpha", "address": "10.1.1.9/24"}


def use(state: ServerState, **fields: Any) -> ServerUse:
    base = {"site": "", "rack": "r1", "origin": "", "bmc": "https://10.0.0.1", "address": "10.0.0.9"}
    since = "" if state is ServerState.RACKED else SINCE
    return ServerUse(**{"name": "s1", "reason": "", "state": state, "since": since, **base, **fields})


@pytest.mark.parametrize(
    ("server", "hypervisors", "serving", "state", "waits_for"),
    [
        (use(ServerState.RACKED), None, (), "racked", "power"),
        (use(ServerState.RACKED, bmc=""), None, (), "racked", "somebody who switches it on, or its bmc"),
        (use(ServerState.RACKED, origin="supplier-a"), None, (), "racked", "the delivery supplier-a"),
        (
            use(ServerState.RACKED),
            {"s1": True},
            (),
            "racked",
            "enrolment: it is a hypervisor on line already",
        ),
        (use(ServerState.POWERED), {"s1": False}, (), "powered", "its installation, then enrolment"),
        (use(ServerState.POWERED, address=""), {}, (), "powered", "its address in the stock, and a new plan"),
        (use(ServerState.ENROLLED), None, (), "enrolled", "a look at the cluster"),
        (use(ServerState.ENROLLED), {"pve1": True}, (), "enrolled", "its joining the cluster"),
        (use(ServerState.ENROLLED), {"s1": False}, (), "enrolled", "its coming on line in the cluster"),
        (use(ServerState.ENROLLED), {"s1": True}, (), "in_service", ""),
        (
            use(ServerState.ENROLLED, **MACHINE),
            {"s1": True},
            (),
            "enrolled",
            "the role of its tier, database",
        ),
        (use(ServerState.ENROLLED, **MACHINE), None, ["alpha-database-01"], "in_service", ""),
        (use(ServerState.POWERED, **MACHINE), None, ["alpha-database-01"], "powered", "its installation"),
        (use(ServerState.IN_SERVICE), {"s1": False}, (), "in_service", "its entry among the hypervisors"),
        (use(ServerState.IN_SERVICE, **MACHINE), None, (), "in_service", "what it carries, at its entry"),
    ],
)
def test_a_server_is_as_far_as_what_is_known_proves(
    server: ServerUse, hypervisors: dict[str, bool] | None, serving: Any, state: str, waits_for: str
) -> None:
    found = progress_of(server, hypervisors=hypervisors, serving=serving)
    assert found.state == state
    assert found.waits_for.startswith(waits_for) if waits_for else found.waits_for == ""
    assert found.reason
