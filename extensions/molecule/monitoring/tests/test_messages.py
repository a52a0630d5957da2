# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""From a machine that falls silent to the person who is called, and back."""

from __future__ import annotations

import time
from typing import Any

from testinfra.host import Host

from extensions.molecule.monitoring.tests.asking import alerts, calls, query, until

testinfra_hosts = ["podman://monitoring-1"]

PEER_SECONDS = 20
"""The second Alertmanager waits 15 s for word of the first one's message before it sends its own."""

CALL_SECONDS = 120
"""A minute until the alert fires, then what a busy host takes to look, to tell and to group."""


def about(watched: Host, machine: str, status: str, since: float) -> list[dict[str, Any]]:
    """The messages with a status that say that a machine is down."""
    return [
        call
        for call in calls(watched)
        if call["received"] > since
        and call["status"] == status
        and any(
            (it["labels"]["alertname"], it["labels"].get("machine")) == ("MachineDown", machine)
            for it in call["alerts"]
        )
    ]


def test_the_alert_that_never_ends_arrives(watched: Host) -> None:
    found = until(
        lambda: [it for it in calls(watched) if it["groupLabels"]["alertname"] == "Watchdog"],
        lambda it: len(it) > 0,
        60,
    )
    assert found[0]["status"] == "firing"


def test_a_silent_machine_calls_once_and_its_services_are_kept_quiet(
    host: Host, watched: Host, silence: float
) -> None:
    machine = "monitoring-watched"

    def told_of_it(status: str) -> list[dict[str, Any]]:
        return about(watched, machine, status, silence)

    try:
        told = until(lambda: told_of_it("firing"), lambda it: len(it) > 0, CALL_SECONDS)
        assert told, "nobody was called"
        (alert,) = told[0]["alerts"]
        assert alert["labels"]["severity"] == "warning"
        assert alert["labels"]["tier"] == "haproxy"
        assert "monitor" not in alert["labels"]
        assert alert["annotations"]["summary"] == f"{machine} does not answer"
        assert "playbooks/provision.yml" in alert["annotations"]["runbook"]

        # One of its servers is down for HAProxy all along; the machine explains it.
        state = until(
            lambda: alerts(host).get(("ServerDown", machine)), lambda it: it == "suppressed", CALL_SECONDS
        )
        assert state == "suppressed"

        # Two machines saw it and two Alertmanagers knew it.
        time.sleep(max(0, told[0]["received"] + PEER_SECONDS - time.time()))
        assert len(told_of_it("firing")) == 1
    finally:
        watched.check_output("systemctl start prometheus-node-exporter")
    over = until(lambda: told_of_it("resolved"), lambda it: len(it) > 0, 60)
    assert over, "nobody was told that it is over"


def test_a_floating_address_that_nobody_holds_calls(watched: Host) -> None:
    def found() -> list[dict[str, Any]]:
        return [it for it in calls(watched) if it["groupLabels"]["alertname"] == "VipHeldByNobody"]

    told = until(found, lambda it: len(it) > 0, CALL_SECONDS)
    assert [it["labels"]["vip"] for it in told[0]["alerts"]] == ["10.84.0.85"]
    assert told[0]["alerts"][0]["labels"]["severity"] == "critical"


def test_the_receiver_takes_messages_with_the_token_only(watched: Host) -> None:
    """Or none of the calls above would prove that Alertmanager sends it."""
    posted = (
        "curl --silent --output /dev/null --write-out '%{http_code}' --data '{}' http://10.84.0.83:9999/hook"
    )
    assert watched.check_output(posted) == "401"
    assert [call for call in calls(watched) if "alerts" not in call] == []


def test_alertmanager_has_no_message_that_failed(host: Host) -> None:
    assert sum(query(host, "alertmanager_notifications_failed_total").values()) == 0
