# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""``python -m tests.drills.mail``: a burst of mail, first without and then with a dead destination in it.

RENFORT_DRILL_MESSAGES sets the size of the burst (20,000); a quarter as many go first, to living ones only.
"""

from __future__ import annotations

import json
import os
import sys
import time
import urllib.request
from dataclasses import dataclass
from statistics import median, quantiles
from typing import Any

from .figures import Figure, show
from .scenario import Machines, scenario

MESSAGES = int(os.environ.get("RENFORT_DRILL_MESSAGES", "20000"))
CONNECTIONS = 10
LIVING = tuple(f"ville{number}.example" for number in range(9))
DEAD = "dead.example"
"""The scenario's sink puts it at an address where nobody is."""

SENDERS = "no-reply@eure.example,notifications@eure.example"
RELAYS = ("smtp-1", "smtp-2")
CLASSES = ("/etc/postfix", "/etc/postfix-notify")
QUIET_SECONDS = 20.0
"""A burst is over when so long nothing more arrives."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Burst:
    """What became of one burst: each message is known by its recipient, which no other has."""

    sent: dict[str, float]
    refused: int
    seconds: float
    arrived: dict[str, float]
    copies: int
    waiting: set[str]

    @property
    def lost(self) -> int:
        """Messages that the relays took and that are neither delivered nor in a queue."""
        return len(self.sent.keys() - self.arrived.keys() - self.waiting)

    @property
    def delays(self) -> list[float]:
        """Seconds from a relay's "taken" to the arrival, of all that arrived; both clocks are this host's."""
        return [max(0.0, at - self.sent[to]) for to, at in self.arrived.items() if to in self.sent]

    @property
    def delivered_per_s(self) -> float:
        """Messages that arrived, by the time from the first sent to the last arrived."""
        first = min(self.sent.values()) if self.sent else 0.0
        return len(self.arrived) / max(0.001, max(self.arrived.values(), default=first) - first)


def burst(machines: Machines, name: str, count: int, domains: tuple[str, ...]) -> Burst:
    """Send messages to domains in turn through both relays, and wait until no more arrive."""
    relays = ",".join(f"{machines.address(relay)}:25" for relay in RELAYS)
    recipients = ",".join(f"{name}-#@{domain}" for domain in domains)
    ran = machines.run(
        "smtp-client",
        *("send.py", relays, f"--run={name}", f"--messages={count}", f"--connections={CONNECTIONS}"),
        *(f"--sender={SENDERS}", f"--to={recipients}"),
    )
    told = json.loads(ran.stdout)
    sent: dict[str, float] = dict(told["taken"].values())
    arrived, copies = settled(machines, name, len([to for to in sent if not to.endswith(f"@{DEAD}")]))
    return Burst(
        sent=sent,
        refused=sum(times for said, times in told["said"].items() if said != "taken"),
        seconds=told["seconds"],
        arrived=arrived,
        copies=copies,
        waiting=waiting(machines),
    )


def settled(machines: Machines, name: str, expected: int) -> tuple[dict[str, float], int]:
    """Recipient → when the message arrived, and how many arrived more than once."""
    before, since = -1, time.monotonic()
    while True:
        found = [row for row in messages(machines) if row["subject"] == name]
        if len(found) != before:
            before, since = len(found), time.monotonic()
        arrived = {row["recipients"][0]: float(row["received"]) for row in found}
        if len(arrived) >= expected or time.monotonic() - since > QUIET_SECONDS:
            return arrived, len(found) - len(arrived)
        time.sleep(2)


def messages(machines: Machines) -> list[dict[str, Any]]:
    """All that the internet's mail servers took."""
    url = f"http://{machines.address('smtp-sink')}:8025/messages?limit={10 * MESSAGES}"
    with urllib.request.urlopen(url, timeout=60) as reply:
        rows: list[dict[str, Any]] = json.load(reply)
    return rows


def waiting(machines: Machines) -> set[str]:
    """The recipients of what is in the queues of the relays."""
    listed = [
        machines.run(relay, "postqueue", "-c", folder, "-j").stdout.splitlines()
        for relay in RELAYS
        for folder in CLASSES
    ]
    rows = [json.loads(line) for lines in listed for line in lines]
    return {recipient["address"] for row in rows for recipient in row["recipients"]}


def p99(values: list[float]) -> float:
    """The 99th percentile; 0 without values."""
    return quantiles(values, n=100)[98] if len(values) > 1 else 0.0


def main() -> int:
    """Both bursts, and the figures."""
    with scenario("smtp") as machines:
        started = time.monotonic()
        calm = burst(machines, "calm", MESSAGES // 4, LIVING)
        storm = burst(machines, "storm", MESSAGES, (*LIVING, DEAD))
        took = time.monotonic() - started
    calm_p99, storm_p99 = p99(calm.delays), p99(storm.delays)
    return show(
        "drill-mail",
        [
            Figure(key="sent_messages", value=len(calm.sent) + len(storm.sent)),
            Figure(key="refused_messages", value=calm.refused + storm.refused, target="= 0"),
            Figure(key="accepted_per_s", value=len(storm.sent) / storm.seconds, target="≥ 30"),
            Figure(key="delivered_per_s", value=storm.delivered_per_s, target="≥ 30"),
            Figure(key="delivered_messages", value=len(storm.arrived)),
            Figure(key="deferred_for_the_dead_messages", value=len(storm.waiting)),
            Figure(key="lost_messages", value=calm.lost + storm.lost, target="= 0"),
            Figure(key="duplicate_messages", value=calm.copies + storm.copies, target="= 0"),
            Figure(key="living_median_s_without_dead", value=median(calm.delays or [0])),
            Figure(key="living_median_s_with_dead", value=median(storm.delays or [0])),
            Figure(key="living_p99_s_without_dead", value=calm_p99),
            Figure(key="living_p99_s_with_dead", value=storm_p99),
            Figure(key="dead_costs_p99_s", value=storm_p99 - calm_p99, target="≤ 30"),
            Figure(key="both_bursts_s", value=took, target="≤ 300"),
        ],
    )


if __name__ == "__main__":
    sys.exit(main())
