# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Filters of the load balancer: backends from tenants, portal hosts, limits, fragments."""

from __future__ import annotations

from typing import Any

import pytest
from ansible.errors import AnsibleFilterError

from ansible_collections.ent.renfort.plugins.filter import (
    backend_problems,
    haproxy_maxconn,
    path_map,
    portal_map,
    section_fragments,
    tcp_service_problems,
    tenant_backends,
)

TENANTS = {
    "haut_rhin": {"title": "Haut-Rhin", "portals": ["haut-rhin.ent.example"]},
    "eure": {"title": "Eure", "portals": ["eure.ent.example", "www.eure.ent.example"]},
}
GROUPS = {
    "web": ["haut-rhin-web-01", "eure-web-02", "eure-web-01"],
    "tenant_eure": ["eure-web-02", "eure-web-01", "eure-cas-01"],
    "tenant_haut_rhin": ["haut-rhin-web-01"],
}
HOSTVARS = {
    "eure-web-01": {"ansible_host": "10.83.20.11"},
    "eure-web-02": {"ansible_host": "10.83.20.12"},
    "haut-rhin-web-01": {"ansible_host": "10.83.10.11"},
}


def call(module: Any, *args: Any, **kwargs: Any) -> Any:
    """The one filter of a plugin file, called as Jinja calls it."""
    (function,) = module.FilterModule().filters().values()
    return function(*args, **kwargs)


def test_each_tenant_has_a_backend_of_its_web_machines_sorted() -> None:
    assert call(tenant_backends, TENANTS, GROUPS, HOSTVARS) == [
        {
            "name": "eure",
            "hosts": ["eure.ent.example", "www.eure.ent.example"],
            "servers": [
                {"name": "eure-web-01", "address": "10.83.20.11", "port": 80},
                {"name": "eure-web-02", "address": "10.83.20.12", "port": 80},
            ],
        },
        {
            "name": "haut_rhin",
            "hosts": ["haut-rhin.ent.example"],
            "servers": [{"name": "haut-rhin-web-01", "address": "10.83.10.11", "port": 80}],
        },
    ]


def test_a_machine_on_its_way_out_is_in_no_backend() -> None:
    backends = call(tenant_backends, TENANTS, GROUPS, HOSTVARS, without=["eure-web-02", "haut-rhin-web-01"])

    names = {it["name"]: [server["name"] for server in it["servers"]] for it in backends}
    assert names == {"eure": ["eure-web-01"], "haut_rhin": []}


def test_another_tier_and_port_can_be_asked_for() -> None:
    groups = GROUPS | {"cas": ["eure-cas-01"]}
    hostvars = HOSTVARS | {"eure-cas-01": {"ansible_host": "10.83.20.31"}}
    eure, haut_rhin = call(tenant_backends, TENANTS, groups, hostvars, tier="cas", port=8443)
    assert eure["servers"] == [{"name": "eure-cas-01", "address": "10.83.20.31", "port": 8443}]
    assert haut_rhin["servers"] == []


def test_a_tenant_without_machines_keeps_its_portal() -> None:
    eure, haut_rhin = call(tenant_backends, TENANTS, {}, {})
    assert eure["servers"] == haut_rhin["servers"] == []
    assert haut_rhin["hosts"] == ["haut-rhin.ent.example"]


@pytest.mark.parametrize("entry", [{}, {"portals": []}, {"portals": "eure.ent.example"}, None])
def test_a_tenant_without_portals_is_named(entry: Any) -> None:
    with pytest.raises(
        AnsibleFilterError, match=r"renfort_tenants\.eure\.portals.*list of at least one host"
    ):
        call(tenant_backends, {"eure": entry}, GROUPS, HOSTVARS)


def test_a_machine_without_address_is_named() -> None:
    with pytest.raises(AnsibleFilterError, match="eure-web-02 of tenant eure has no ansible_host"):
        call(tenant_backends, TENANTS, GROUPS, HOSTVARS | {"eure-web-02": {}})


def test_tenants_that_are_no_mapping_are_refused() -> None:
    with pytest.raises(AnsibleFilterError, match=r"renfort_tenants: found list"):
        call(tenant_backends, ["eure"], GROUPS, HOSTVARS)


def test_portal_hosts_lead_to_their_backend() -> None:
    backends = call(tenant_backends, TENANTS, GROUPS, HOSTVARS)
    assert list(call(portal_map, backends).items()) == [
        ("eure.ent.example", "eure"),
        ("haut-rhin.ent.example", "haut_rhin"),
        ("www.eure.ent.example", "eure"),
    ]


def test_a_host_of_two_backends_is_refused() -> None:
    backends = [{"name": "a", "hosts": ["x.example"]}, {"name": "b", "hosts": ["x.example"]}]
    with pytest.raises(AnsibleFilterError, match=r"x\.example is claimed by the backends a and b"):
        call(portal_map, backends)


def test_a_backend_without_hosts_has_no_portal() -> None:
    assert call(portal_map, [{"name": "a"}, {"name": "b", "hosts": None}]) == {}


def test_sound_backends_have_no_problem() -> None:
    backends = call(tenant_backends, TENANTS, GROUPS, HOSTVARS)
    assert call(backend_problems, backends, call(portal_map, backends)) == []


@pytest.mark.parametrize(
    ("backends", "portals", "problem"),
    [
        ([{"name": "a"}, {"name": "a"}], {}, "two backends are named a"),
        ([{"name": "unknown_host"}], {}, "the backend name unknown_host is one of the role's own"),
        ([{"name": "a b"}], {}, "the backend name 'a b' may only hold letters, digits and _ . -"),
        (
            [{"name": "a", "servers": [{"name": "s"}, {"name": "s"}]}],
            {},
            "backend a: two servers are named s",
        ),
        (
            [{"name": "a", "servers": [{"name": "s t"}]}],
            {},
            "backend a: the server name 's t' may only hold letters, digits and _ . -",
        ),
        ([], {"x.example": "a"}, "the portal host x.example leads to the backend a, which does not exist"),
        (
            [{"name": "a"}],
            {"X.example:80": "a"},
            "the portal host 'X.example:80' is not a host name in lower case, without port",
        ),
    ],
)
def test_each_problem_is_one_sentence(backends: list[Any], portals: dict[str, str], problem: str) -> None:
    assert call(backend_problems, backends, portals) == [problem]


@pytest.mark.parametrize(
    ("memory_mib", "files", "tls", "expected"),
    [
        (2048, 524_288, False, 30_000),  # 2048 × 1024 ÷ 2 ÷ 34 = 30,840
        (2048, 524_288, True, 16_000),  # 2048 × 1024 ÷ 2 ÷ 64 = 16,384
        (2048, 20_000, False, 9_000),  # (20,000 − 1,000) ÷ 2 = 9,500
        (2048, 1_024, False, 12),
        (16, 524_288, False, 1_000),
        (65_536, 1_048_576, False, 100_000),
    ],
)
def test_connections_follow_the_machine_between_bounds(
    memory_mib: int, files: int, tls: bool, expected: int
) -> None:
    assert call(haproxy_maxconn, [str(memory_mib * 1024), str(files)], tls=tls) == expected


@pytest.mark.parametrize("machine", [[], ["2048"], ["2048", "unlimited"]])
def test_a_machine_that_could_not_be_read_is_refused(machine: list[str]) -> None:
    with pytest.raises(AnsibleFilterError, match="Expected the memory in KiB and the limit of open files"):
        call(haproxy_maxconn, machine)


def test_sections_become_fragments_with_their_comments() -> None:
    text = (
        "# one\nbackend a\n    balance roundrobin\n    # why\n    server s 10.0.0.1:80\n\n# two\nbackend b\n"
    )
    assert call(section_fragments, text, "400-haproxy-") == [
        {
            "name": "400-haproxy-a.cfg",
            "content": "# one\nbackend a\n    balance roundrobin\n    # why\n    server s 10.0.0.1:80\n",
        },
        {"name": "400-haproxy-b.cfg", "content": "# two\nbackend b\n"},
    ]


def test_a_line_before_the_first_section_is_refused() -> None:
    with pytest.raises(AnsibleFilterError, match="stands before the first backend section"):
        call(section_fragments, "balance roundrobin\nbackend a\n", "400-haproxy-")


def test_a_tenant_s_sign_in_is_a_path_of_its_portals() -> None:
    groups = {"cas": ["eure-cas-01"], "tenant_eure": ["eure-cas-01"]}
    hostvars = {"eure-cas-01": {"ansible_host": "10.83.20.31"}}
    options = {"tier": "cas", "suffix": "_cas", "paths": ["/cas/"], "check_path": "/cas/healthz"}
    cas = call(tenant_backends, {"eure": TENANTS["eure"]}, groups, hostvars, **options)
    assert cas == [
        {
            "name": "eure_cas",
            "hosts": ["eure.ent.example", "www.eure.ent.example"],
            "servers": [{"name": "eure-cas-01", "address": "10.83.20.31", "port": 80}],
            "paths": ["/cas/"],
            "check_path": "/cas/healthz",
        }
    ]
    backends = [*call(tenant_backends, TENANTS, GROUPS, HOSTVARS), *cas]
    assert call(path_map, backends) == {
        "eure.ent.example": {"/cas/": "eure_cas"},
        "www.eure.ent.example": {"/cas/": "eure_cas"},
    }
    assert call(portal_map, backends)["eure.ent.example"] == "eure"
    assert call(backend_problems, backends, call(portal_map, backends)) == []


def test_a_path_of_two_backends_is_refused() -> None:
    backends = [{"name": name, "hosts": ["x.example"], "paths": ["/cas/"]} for name in ("a", "b")]
    with pytest.raises(AnsibleFilterError, match=r"The path /cas/ of x\.example is claimed by a and b"):
        call(path_map, backends)


def test_a_path_that_is_none_is_named() -> None:
    backends = [{"name": "a", "hosts": ["x.example"], "paths": ["cas"]}]
    assert call(backend_problems, backends, {}) == [
        "backend a: the path 'cas' does not begin with / or holds spaces"
    ]


@pytest.mark.parametrize(
    ("service", "problem"),
    [
        ({"name": "eure"}, "the name eure is taken by a backend, another service or the role itself"),
        ({"name": "a b"}, "the service name 'a b' may only hold letters, digits and _ . -"),
        (
            {"name": "db", "check": {"type": "http", "tls": True}},
            "service db: a check over TLS needs check.ca_file to verify the server by",
        ),
        (
            {"name": "mail", "check": {"type": "smtp", "tls": True, "ca_file": "/x"}},
            "service mail: a check of type smtp cannot go over TLS",
        ),
        ({"name": "db", "servers": [{"name": "s"}, {"name": "s"}]}, "service db: two servers are named s"),
    ],
)
def test_services_that_could_not_work_are_named(service: dict[str, Any], problem: str) -> None:
    assert call(tcp_service_problems, [service], [{"name": "eure"}]) == [problem]
