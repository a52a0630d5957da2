# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The outcome of a provisioning run as the result that Ansible returns. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from .provision import Outcome
from .provision_decide import Action, Decision, Kind


def as_result(outcome: Outcome, *, diff: bool) -> dict[str, Any]:
    """Return the result without its verdict: data for people and playbooks, and the diff if asked for."""
    result: dict[str, Any] = {
        "changed": outcome.changed,
        "actions": [
            {"guest": decision.machine.name, "action": str(action.kind), "reason": action.reason}
            for decision in outcome.decisions
            for action in decision.actions
        ],
        "withheld": [
            {
                "guest": decision.machine.name,
                "key": change.key,
                "before": change.before,
                "after": change.after,
            }
            for decision in outcome.decisions
            for change in outcome.withheld(decision)
        ],
        "notes": [f"{item.machine.name}: {note}" for item in outcome.decisions for note in item.notes],
        "reads": outcome.reads,
        "writes": outcome.writes,
        "waiting": dict(sorted(outcome.waiting.items())),
        "reassigned": [
            {"guest": move.machine, "what": move.what, "before": move.before, "after": move.after}
            for move in outcome.moves
        ],
        "left_alone": dict(sorted(outcome.skipped.items())),
        "machines": [_machine(decision, outcome) for decision in outcome.decisions],
        "failures": {name: str(error) for name, error in sorted(outcome.failures.items())},
    }
    if diff:
        result["diff"] = [_diff(decision) for decision in outcome.decisions if decision.actions]
    return result


def withheld_warning(outcome: Outcome) -> str:
    """Return one sentence on the changes that were not made since they need a restart; empty if none."""
    listed = [
        f"{decision.machine.name} ({', '.join(change.key for change in changes)})"
        for decision in outcome.decisions
        if (changes := outcome.withheld(decision))
    ]
    if not listed:
        return ""
    return (
        f"These running guests differ from the plan in what changes only by a restart: {'; '.join(listed)}. "
        "Set allow_restart to shut them down, change them and start them again."
    )


def waiting_warning(outcome: Outcome) -> str:
    """Return one sentence on the guests whose hypervisor is still to be racked; empty if there are none."""
    if not outcome.waiting:
        return ""
    servers = ", ".join(sorted(set(outcome.waiting.values())))
    return (
        f"{len(outcome.waiting)} guests were not made: the plan puts {servers} into service as hypervisors "
        "first. Rack them, join them to the cluster and run again."
    )


def warnings_of(outcome: Outcome) -> list[str]:
    """Return what people must know of a run beside its failures, one sentence each."""
    texts = (withheld_warning(outcome), waiting_warning(outcome), skipped_warning(outcome), *outcome.remarks)
    return [text for text in texts if text]


def skipped_warning(outcome: Outcome) -> str:
    """Return one sentence on the guests whose hypervisor was left alone; empty if there are none."""
    if not outcome.skipped:
        return ""
    reasons = ", ".join(sorted(set(outcome.skipped.values())))
    return (
        f"{len(outcome.skipped)} guests were left as they are: {reasons}. Run again when it is back in "
        "service, or take it out of the stock and plan again."
    )


def failure_message(outcome: Outcome) -> str:
    """Return the message of a run in which guests failed; empty if none did."""
    if not outcome.failures:
        return ""
    lines = [f"{name}: {error}" for name, error in sorted(outcome.failures.items())]
    return (
        f"{len(lines)} of {len(outcome.decisions) + _undecided(outcome)} guests could not be provisioned. "
        + " | ".join(lines)
        + " | Run again when this is corrected: what is done is left as it is."
    )


def _undecided(outcome: Outcome) -> int:
    return len(set(outcome.failures) - {decision.machine.name for decision in outcome.decisions})


def _machine(decision: Decision, outcome: Outcome) -> dict[str, Any]:
    machine = decision.machine
    return {
        "name": machine.name,
        "vmid": machine.vmid,
        "hypervisor": outcome.nodes[machine.name],
        "address": machine.ip,
        "changed": bool(decision.actions),
    }


def _diff(decision: Decision) -> dict[str, str]:
    name = f"{decision.machine.name} ({decision.machine.vmid})"
    new = decision.actions[0].kind is Kind.CLONE
    return {
        "before_header": name,
        "after_header": name,
        "before": "" if new else "".join(_lines(decision.actions, after=False)),
        "after": "".join(_lines(decision.actions, after=True)),
    }


def _lines(actions: Iterable[Action], *, after: bool) -> Iterable[str]:
    for action in actions:
        if after and not action.changes:
            yield f"{action.kind}: {action.reason}\n"
        for change in action.changes:
            text = change.after if after else change.before
            for line in text.splitlines():
                yield f"{change.key}: {line}\n"
