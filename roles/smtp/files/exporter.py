#!/usr/bin/env python3
# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Figures of the mail relay for Prometheus: exporter.py CONFIGURATION."""

from __future__ import annotations

import json
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

from follow import BUCKETS, Figures, Log
from prometheus_client import start_http_server
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
)
from prometheus_client.registry import REGISTRY, Collector
from queues import SPOOLS, read_all

LOGS = {"people": Path("/var/log/postfix/people.log"), "notification": Path("/var/log/postfix/notify.log")}
HELD = Path("/var/lib/renfort-smtp/held")
STATUSES = ("sent", "deferred", "bounced", "expired", "dropped", "handed_over")
READ_SECONDS = 2.0
"""Between two readings of the logs: without any, a long time between two scrapes would pile lines up."""


class Relay(Collector):
    """Everything that is told of a relay."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._logs = {name: Log(path) for name, path in LOGS.items()}
        self._figures = {name: Figures() for name in LOGS}

    def read_logs(self) -> None:
        """Count what the logs say since the last time."""
        with self._lock:
            for name, log in self._logs.items():
                for line in log.lines():
                    self._figures[name].add(line)

    def collect(self) -> Iterator[Metric]:
        """The figures of this moment."""
        self.read_logs()
        yield from self._queues()
        with self._lock:
            yield from self._sums()
            yield self._delays()
        held = GaugeMetricFamily(
            "renfort_smtp_notifications_held", "Whether notifications are held (1) or go out."
        )
        held.add_metric([], float(HELD.exists()))
        yield held
        up = GaugeMetricFamily("renfort_smtp_up", "Whether the Postfix of a class runs.", labels=["class"])
        for name, spool in SPOOLS.items():
            up.add_metric([name], float(runs(spool)))
        yield up

    def _queues(self) -> Iterator[Metric]:
        labels = ["class", "queue"]
        messages = GaugeMetricFamily("renfort_smtp_queue_messages", "Messages in a queue.", labels=labels)
        oldest = GaugeMetricFamily(
            "renfort_smtp_queue_oldest_seconds",
            "Age of the oldest message in a queue; 0: it is empty.",
            labels=labels,
        )
        now = time.time()
        for name, queues in read_all().items():
            for queue, found in queues.items():
                messages.add_metric([name, queue], found.messages)
                oldest.add_metric([name, queue], max(0.0, now - found.oldest) if found.oldest else 0.0)
        yield messages
        yield oldest

    def _sums(self) -> Iterator[Metric]:
        taken = CounterMetricFamily("renfort_smtp_taken", "Messages taken.", labels=["class"])
        deliveries = CounterMetricFamily(
            "renfort_smtp_deliveries",
            "Attempts at a recipient, by how they ended.",
            labels=["class", "status"],
        )
        refused = CounterMetricFamily(
            "renfort_smtp_refused",
            "Recipients refused to clients, for now or for good.",
            labels=["class", "kind"],
        )
        unsigned = CounterMetricFamily("renfort_smtp_signing_failures", "Times that rspamd did not answer.")
        for name, figures in self._figures.items():
            taken.add_metric([name], figures.taken)
            for status in STATUSES:
                deliveries.add_metric([name, status], figures.deliveries[status])
            for kind in ("lasting", "passing"):
                refused.add_metric([name, kind], figures.refused[kind])
        unsigned.add_metric([], sum(figures.milter_failures for figures in self._figures.values()))
        yield from (taken, deliveries, refused, unsigned)

    def _delays(self) -> Metric:
        delays = HistogramMetricFamily(
            "renfort_smtp_delay_seconds", "From a message's arrival to its delivery.", labels=["class"]
        )
        for name, figures in self._figures.items():
            total, buckets = 0, []
            for bound in (*BUCKETS, float("inf")):
                total += figures.delays[bound]
                buckets.append(("+Inf" if bound == float("inf") else str(bound), float(total)))
            delays.add_metric([name], buckets, figures.delay_sum)
        return delays


def runs(spool: Path) -> bool:
    """Whether the master process of a class runs."""
    try:
        pid = (spool / "pid/master.pid").read_text(encoding="ascii").strip()
        return Path("/proc", pid, "comm").read_text(encoding="ascii").strip() == "master"
    except (OSError, ValueError):
        return False


def main() -> None:
    """Answer until the end."""
    settings = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    relay = Relay()
    REGISTRY.register(relay)
    start_http_server(settings["port"], addr=settings["address"] or "::")
    while True:
        time.sleep(READ_SECONDS)
        relay.read_logs()


if __name__ == "__main__":
    main()
