# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The outcome of a release as the result that Ansible returns. Pure."""

from __future__ import annotations

from typing import Any

from .release import Outcome
from .release_decide import Target


def as_result(outcome: Outcome, *, plan_file: str, confirm: str, dry_run: bool) -> dict[str, Any]:
    """Return the result without its verdict: data for people and playbooks, and the diff."""
    release = outcome.release
    result: dict[str, Any] = {
        "changed": outcome.changed,
        "actions": [
            {"guest": name, "action": action, "reason": reason} for name, action, reason in outcome.done
        ],
        "machines": [_machine(target) for target in release.targets],
        "present": [target.name for target in release.targets if target.is_there],
        "digest": release.digest,
        "confirmed": not release.targets or release.is_confirmed(confirm),
        "lines": lines(outcome),
        "failures": {name: str(error) for name, error in sorted(outcome.failures.items())},
        "reads": outcome.reads,
        "writes": outcome.writes,
        "diff": _diff(outcome, plan_file),
    }
    if dry_run and release.notes:
        result["warnings"] = list(release.notes)
    return result


def lines(outcome: Outcome) -> list[str]:
    """Return what people read before they confirm."""
    release = outcome.release
    if not release.targets:
        return ["Nothing is to be released."]
    names = " ".join(target.name for target in release.targets)
    return [
        *(f"{target.name}: {target.described}" for target in release.targets),
        *(item.line for item in release.left),
        f"To confirm: renfort_confirm_removal={release.digest}, or the names: {names}",
    ]


def failure_message(outcome: Outcome) -> str:
    """Return the message of a run in which machines failed; empty if none did."""
    if not outcome.failures:
        return ""
    failed = [f"{name}: {error}" for name, error in sorted(outcome.failures.items())]
    return (
        f"{len(failed)} of {len(outcome.release.targets)} machines could not be released. "
        f"{' | '.join(failed)} | Run again when this is corrected: what is released stays so."
    )


def _machine(target: Target) -> dict[str, Any]:
    return {
        "name": target.name,
        "tier": target.tier,
        "tenant": target.tenant,
        "vmid": target.guest.vmid if target.guest else target.planned.vmid if target.planned else 0,
        "hypervisor": target.guest.node if target.guest else "",
        "server": target.server.name if target.server else "",
        "address": target.ip,
        "present": target.is_there,
    }


def _diff(outcome: Outcome, plan_file: str) -> list[dict[str, str]]:
    removed = "".join(
        f"{name}: {action}: {reason}\n" for name, action, reason in outcome.done if action != "free"
    )
    found = []
    if removed:
        found.append(
            {"before_header": "the cluster", "after_header": "the cluster", "before": "", "after": removed}
        )
    if outcome.before != outcome.after:
        found.append(
            {
                "before_header": plan_file,
                "after_header": plan_file,
                "before": outcome.before,
                "after": outcome.after,
            }
        )
    return found
