# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.ent.renfort.plugins.module_utils.core.cas_registry import complete, problems

PORTAL = {"name": "Portal", "hosts": ["eure.ent.example"]}


def test_a_service_gets_what_the_inventory_leaves_out() -> None:
    (service,) = complete([{**PORTAL, "proxy": True}])
    assert service["schemes"] == ["https"]
    assert service["proxy"] is True
    assert service["proxy_callback"] is False
    assert service["attributes"] == ["profile", "name", "mail", "school"]


def test_services_that_can_be_used_have_no_problems() -> None:
    others = {"name": "Forge", "hosts": ["forge.example:8443"], "path": "/app/", "profiles": ["teacher"]}
    assert problems([PORTAL, others]) == []
    assert problems([]) == []


@pytest.mark.parametrize(
    ("service", "problem"),
    [
        ({"hosts": ["a.example"]}, "entry 1: has no name"),
        ({"name": "A"}, "A: has no hosts"),
        ({**PORTAL, "hosts": ["https://a.example"]}, "is no host name"),
        ({**PORTAL, "hosts": ["A.example"]}, "is no host name"),
        ({**PORTAL, "hosts": ["*.example"]}, "is no host name"),
        ({**PORTAL, "schemes": []}, "schemes is empty; allowed are https, http"),
        ({**PORTAL, "schemes": ["ftp"]}, "schemes has 'ftp'"),
        ({**PORTAL, "path": "app"}, "path 'app'"),
        ({**PORTAL, "path": "/a.*(b)"}, "no path"),
        ({**PORTAL, "attributes": ["password"]}, "attributes has 'password'"),
        ({**PORTAL, "profiles": ["king"]}, "profiles has 'king'"),
        ({**PORTAL, "single_logout_url": "a.example"}, "is no address"),
        ({**PORTAL, "proxies": True}, "unknown key proxies"),
    ],
)
def test_each_problem_is_named(service: dict[str, Any], problem: str) -> None:
    (found,) = problems([service])
    assert problem in found


def test_services_do_not_take_each_others_place() -> None:
    found = problems([PORTAL, PORTAL])
    assert found == ["the name Portal stands 2 times", "eure.ent.example/ belongs to 2 services"]
    assert problems([PORTAL, {**PORTAL, "name": "Forge", "path": "/forge/"}]) == []
