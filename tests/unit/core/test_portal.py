# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from ansible_collections.ent.renfort.plugins.module_utils.core.portal import Answer, judge


def good(machine: str) -> Answer:
    return Answer(address="10.0.0.1", status=200, machine=machine)


def test_every_machine_answering_is_complete() -> None:
    verdict = judge([good("web-01"), good("web-02"), good("web-01")], expected=["web-01", "web-02"])

    assert verdict.complete
    assert verdict.answered == {"web-01": 2, "web-02": 1}
    assert verdict.problem == ""


def test_a_silent_machine_is_named() -> None:
    verdict = judge([good("web-01")], expected=["web-01", "web-02"])

    assert not verdict.complete
    assert verdict.problem == "no answer from web-02"


def test_a_machine_outside_the_inventory_is_named() -> None:
    verdict = judge([good("web-01"), good("stray")], expected=["web-01"])

    assert not verdict.complete
    assert verdict.unexpected == ("stray",)


def test_failures_count_even_when_every_machine_answered() -> None:
    refused = Answer(address="10.0.0.1", status=0, error="Connection refused")
    verdict = judge([good("web-01"), refused, Answer(address="10.0.0.2", status=503)], expected=["web-01"])

    assert not verdict.complete
    assert verdict.failures == ("10.0.0.1: Connection refused", "10.0.0.2: HTTP 503")
    assert "2 failed requests, the last: 10.0.0.2: HTTP 503" in verdict.problem
