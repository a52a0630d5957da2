# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module that drains a server, weighs it and puts it back, against a socket that answers as HAProxy."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from ansible.module_utils.basic import AnsibleModule

from ansible_collections.ent.renfort.plugins.module_utils.haproxy_runtime import RuntimeApiError
from ansible_collections.ent.renfort.plugins.modules.haproxy_server import SPEC, run
from tests.unit.haproxy import Haproxy


@pytest.fixture
def haproxy(tmp_path: Path) -> Iterator[Haproxy]:
    running = Haproxy(tmp_path / "socket")
    running.servers |= {
        "eure/web-02": ["10.0.0.2", "80", 0, 1],
        "api/web-01": ["10.0.0.1", "81", 0, 1],
    }
    yield running
    running.listener.close()


@pytest.fixture
def socket_path(haproxy: Haproxy, tmp_path: Path) -> str:
    return str(tmp_path / "socket")


def call(socket_path: str, *, check: bool = False, **params: Any) -> dict[str, Any]:
    """The module with these options, the others as they are by default."""
    defaults = {name: option.get("default") for name, option in SPEC.items()}
    options = {**defaults, "socket": socket_path, **params}
    return run(cast("AnsibleModule", SimpleNamespace(params=options, check_mode=check)))


def test_a_server_is_drained_in_all_its_backends_and_only_once(haproxy: Haproxy, socket_path: str) -> None:
    first = call(socket_path, name="web-01", state="drain")
    again = call(socket_path, name="web-01", state="drain")

    assert haproxy.orders == [
        "set server eure/web-01 state drain",
        "set server api/web-01 state drain",
    ]
    assert (first["changed"], again["changed"]) == (True, False)
    assert [(it["backend"], it["state"]) for it in first["servers"]] == [("eure", "drain"), ("api", "drain")]
    assert first["diff"]["before"] == "eure/web-01: ready, weight 1\napi/web-01: ready, weight 1\n"
    assert first["diff"]["after"] == "eure/web-01: drain, weight 1\napi/web-01: drain, weight 1\n"


def test_one_backend_and_a_weight(haproxy: Haproxy, socket_path: str) -> None:
    result = call(socket_path, name="web-01", backend="api", weight=40)

    assert haproxy.orders == ["set server api/web-01 weight 40"]
    assert result["changed"]
    assert [it["weight"] for it in result["servers"]] == [40]


def test_check_mode_says_what_it_would_order_and_orders_nothing(haproxy: Haproxy, socket_path: str) -> None:
    result = call(socket_path, check=True, name="web-02", state="maint", weight=7, wait=30)

    assert haproxy.orders == []
    assert result["changed"]
    assert result["diff"]["after"].endswith(
        "set server eure/web-02 state maint\nset server eure/web-02 weight 7\n"
    )


def test_sessions_are_waited_for_and_those_that_stay_are_told(haproxy: Haproxy, socket_path: str) -> None:
    haproxy.busy["eure/web-02"] = 3
    assert call(socket_path, name="web-02", state="drain", wait=0)["sessions"] == 3

    threading.Timer(0.7, haproxy.busy.clear).start()
    assert call(socket_path, name="web-02", state="drain", wait=30)["sessions"] == 0


def test_a_server_that_nobody_knows_is_refused_unless_it_may_be_missing(
    haproxy: Haproxy, socket_path: str
) -> None:
    with pytest.raises(RuntimeApiError, match=r"no server web-09 in the backend eure\..*missing_ok"):
        call(socket_path, name="web-09", backend="eure", state="drain")

    result = call(socket_path, name="web-09", state="drain", missing_ok=True)
    assert (result["changed"], result["servers"]) == (False, [])
    assert haproxy.orders == []
