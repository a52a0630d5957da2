# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Filters of the monitoring: targets from machines, files for Prometheus, problems with jobs."""

from __future__ import annotations

from typing import Any

import pytest
from ansible.errors import AnsibleFilterError

from ansible_collections.ent.renfort.plugins.filter import (
    monitoring_file_sd,
    monitoring_problems,
    monitoring_secrets,
    monitoring_targets,
)

HOSTVARS = {
    "eure-web-01": {
        "ansible_host": "10.83.20.11",
        "renfort_tier": "web",
        "renfort_tenant": "eure",
        "renfort_rack": "a1",
        "renfort_hypervisor": "pve1",
    },
    "haproxy-01": {"ansible_host": "10.83.0.11", "renfort_tier": "haproxy", "renfort_tenant": ""},
    "lost": {"renfort_tier": "web"},
}


def call(module: Any, *args: Any, **kwargs: Any) -> Any:
    """The one filter of a plugin file, called as Jinja calls it."""
    (function,) = module.FilterModule().filters().values()
    return function(*args, **kwargs)


def test_each_machine_is_a_target_with_the_labels_that_are_known() -> None:
    assert call(monitoring_targets, ["haproxy-01", "eure-web-01", "haproxy-01"], HOSTVARS) == [
        {
            "address": "10.83.20.11",
            "labels": {
                "machine": "eure-web-01",
                "tier": "web",
                "tenant": "eure",
                "rack": "a1",
                "hypervisor": "pve1",
            },
        },
        {"address": "10.83.0.11", "labels": {"machine": "haproxy-01", "tier": "haproxy"}},
    ]


def test_a_machine_on_its_way_out_is_no_target() -> None:
    targets = call(monitoring_targets, ["haproxy-01", "eure-web-01"], HOSTVARS, without=["eure-web-01"])
    assert [target["labels"]["machine"] for target in targets] == ["haproxy-01"]


@pytest.mark.parametrize("name", ["lost", "unheard-of"])
def test_a_machine_without_an_address_is_named(name: str) -> None:
    with pytest.raises(AnsibleFilterError, match=f"{name} has no ansible_host"):
        call(monitoring_targets, [name], HOSTVARS)


@pytest.mark.parametrize(
    ("address", "port", "expected"),
    [
        ("10.83.0.11", 9100, "10.83.0.11:9100"),
        ("10.83.0.11:9101", 9100, "10.83.0.11:9101"),
        ("2001:db8::1", 9100, "[2001:db8::1]:9100"),
        ("[2001:db8::1]:9101", 9100, "[2001:db8::1]:9101"),
        ("web.example", 9100, "web.example:9100"),
        ("https://10.83.0.10/", None, "https://10.83.0.10/"),
        ("10.83.0.10", None, "10.83.0.10"),
    ],
)
def test_addresses_get_the_port_of_their_job(address: str, port: int | None, expected: str) -> None:
    job = {"name": "node", "port": port, "targets": [{"address": address, "labels": {"rack": 4}}]}
    assert call(monitoring_file_sd, job) == [{"targets": [expected], "labels": {"rack": "4"}}]


def test_a_probe_asks_for_a_name_at_an_address() -> None:
    job = {"name": "portal", "targets": [{"address": "https://10.83.0.10/", "hostname": "eure.ent.example"}]}
    assert call(monitoring_file_sd, job) == [
        {"targets": ["https://10.83.0.10/"], "labels": {"__param_hostname": "eure.ent.example"}}
    ]


def test_a_job_without_targets_has_an_empty_file() -> None:
    assert call(monitoring_file_sd, {"name": "node", "port": 9100}) == []


def test_good_jobs_have_no_problem() -> None:
    jobs = [{"name": "node", "port": 9100, "targets": call(monitoring_targets, ["haproxy-01"], HOSTVARS)}]
    assert call(monitoring_problems, jobs) == []


@pytest.mark.parametrize(
    ("job", "expected"),
    [
        ({"name": "Node", "port": 1}, "the name 'Node' is not made of a small letter"),
        ({"name": "prometheus", "port": 1}, "the name prometheus is one of the role's own"),
        ({"name": "node"}, "node: a port is missing"),
        ({"name": "node", "port": 70000}, "node: the port 70000 is not between 1 and 65535"),
        ({"name": "node", "port": 1, "targets": [{"labels": {}}]}, "node: a target has no address"),
        (
            {"name": "node", "port": 1, "targets": [{"address": "a"}, {"address": "a"}]},
            "node: two targets have the address a",
        ),
        (
            {"name": "node", "port": 1, "targets": [{"address": "a", "labels": {"a-b": 1}}]},
            "node: the label 'a-b' is not a name that Prometheus accepts",
        ),
        (
            {"name": "node", "port": 1, "targets": [{"address": "a", "labels": {"__x": 1}}]},
            "node: the label '__x' is not a name that Prometheus accepts",
        ),
    ],
)
def test_each_problem_is_told_with_its_job(job: dict[str, Any], expected: str) -> None:
    (problem,) = call(monitoring_problems, [job])
    assert problem.startswith(expected)


def test_names_that_stand_twice_are_told_once() -> None:
    jobs = [{"name": "node", "port": 1}, {"name": "node", "port": 2}]
    assert call(monitoring_problems, jobs) == ["two jobs are named node"]


def test_a_probe_needs_no_port_and_may_ask_one_address_for_two_names() -> None:
    targets = [{"address": "https://a/", "hostname": "x"}, {"address": "https://a/", "hostname": "y"}]
    assert call(monitoring_problems, [{"name": "portal", "targets": targets}], probes=True) == []


def test_each_secret_has_a_file_of_its_own() -> None:
    jobs = [{"name": "node", "password": "one"}, {"name": "haproxy"}]
    receivers = [
        {"name": "chat", "webhooks": [{"url": "https://a/"}, {"url": "https://b/", "token": "two"}]},
        {"name": "mail", "emails": ["ops@ent.example"]},
    ]
    assert call(monitoring_secrets, jobs, receivers) == {"job-node": "one", "receiver-chat-1": "two"}
    assert call(monitoring_secrets, [], [], "three") == {"client": "three"}


def test_a_probe_cannot_have_the_name_of_a_job() -> None:
    problems = call(monitoring_problems, [{"name": "portal"}], probes=True, taken=["node", "portal"])
    assert problems == ["a job and a probe are named portal"]
