# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The portal in numbers, for Prometheus.

What is counted as it happens is added up over all processes (``PROMETHEUS_MULTIPROC_DIR``); what the
databases know is asked of them, every few seconds at most.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.multiprocess import MultiProcessCollector

from .database import DatabaseUnavailableError
from .directory import Directory
from .outbox import Counts, Outbox
from .sessions import Sessions
from .switches import Switches

KIND = "text/plain; version=0.0.4; charset=utf-8"

ASK_SECONDS = 5.0
"""How old what the databases said may be."""

BUCKETS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Stores:
    """What there is to be counted; stores that the portal has not got are None."""

    switches: Switches
    sessions: Sessions | None = None
    directory: Directory | None = None
    outbox: Outbox | None = None


class Figures:
    """Counters of this process, and the page that shows everything."""

    def __init__(self, stores: Stores) -> None:
        self._stores = stores
        self._registry = CollectorRegistry()
        self._requests = Counter(
            "portal_requests", "Requests answered.", ["kind", "status"], registry=self._registry
        )
        self._seconds = Histogram(
            "portal_request_seconds",
            "Time that answers took.",
            ["kind"],
            buckets=BUCKETS,
            registry=self._registry,
        )
        self._logins = Counter("portal_logins", "Sign-ins, by outcome.", ["outcome"], registry=self._registry)
        self._failures = Counter(
            "portal_database_failures",
            "Databases that did not answer.",
            ["database"],
            registry=self._registry,
        )
        self._asked = Asked(stores)

    def request(self, kind: str, status: str, seconds: float) -> None:
        """Count an answer; ``status`` is its status line."""
        self._requests.labels(kind, f"{status[:1]}xx").inc()
        self._seconds.labels(kind).observe(seconds)

    def login(self, outcome: str) -> None:
        """Count a sign-in: ok, refused or unavailable."""
        self._logins.labels(outcome).inc()

    def database_failure(self, name: str) -> None:
        """Count a database that did not answer."""
        self._failures.labels(name).inc()

    def page(self) -> str:
        """Everything, as Prometheus reads it."""
        counted = self._registry
        if os.environ.get("PROMETHEUS_MULTIPROC_DIR"):
            counted = CollectorRegistry()
            MultiProcessCollector(counted)  # type: ignore[no-untyped-call] # published without types
        asked = CollectorRegistry()
        asked.register(self._asked)
        return (generate_latest(counted) + generate_latest(asked)).decode()

    def known(self) -> dict[str, Any]:
        """What the databases said last, for the state page; None where they do not answer."""
        return self._asked.answers()


class Asked:
    """Figures that are asked of the databases, kept for a few seconds."""

    def __init__(self, stores: Stores) -> None:
        self._stores = stores
        self._lock = threading.Lock()
        self._until = 0.0
        self._answers: dict[str, Any] = {}

    def answers(self) -> dict[str, Any]:
        """Sessions, outbox and imports; None for what could not be asked."""
        with self._lock:
            if time.monotonic() >= self._until:
                self._answers = self._ask()
                self._until = time.monotonic() + ASK_SECONDS
            return self._answers

    def _ask(self) -> dict[str, Any]:
        stores = self._stores
        hold = stores.switches.state().hold_notification_mail
        found: dict[str, Any] = {}
        if stores.sessions:
            found["sessions"] = tried(stores.sessions.active)
        if stores.directory:
            found["imports"] = tried(stores.directory.imports)
        if stores.outbox:
            outbox = stores.outbox
            found["outbox"] = tried(lambda: outbox.counts(hold=hold))
        return found

    def collect(self) -> Iterator[Metric]:
        """What Prometheus' library asks for."""
        answers = self.answers()
        state = self._stores.switches.state()
        yield gauge("portal_switches_broken", "1: the file of switches cannot be used.", self._trouble())
        yield gauge("portal_switch_hold_notification_mail", "1: in force.", state.hold_notification_mail)
        yield gauge("portal_switch_timetable_imports", "0: held.", state.timetable_imports)
        yield gauge("portal_switch_hidden_blocks", "Blocks hidden.", len(state.hidden_blocks))
        if answers.get("sessions") is not None:
            yield gauge("portal_sessions_active", "Sessions open on all machines.", answers["sessions"])
        if answers.get("outbox") is not None:
            yield from outbox_figures(answers["outbox"])
        if answers.get("imports") is not None:
            yield from import_figures(answers["imports"])

    def _trouble(self) -> bool:
        self._stores.switches.state()
        return bool(self._stores.switches.trouble)


def tried(ask: Callable[[], Any]) -> Any:
    """What a database says; None when it does not answer."""
    try:
        return ask()
    except DatabaseUnavailableError:
        return None


def gauge(name: str, text: str, value: float) -> GaugeMetricFamily:
    """A figure without labels."""
    return GaugeMetricFamily(name, text, value=float(value))


def outbox_figures(counts: Counts) -> Iterator[Metric]:
    """Notifications of all machines."""
    rows = GaugeMetricFamily("portal_outbox_rows", "Notifications not sent yet.", labels=["state"])
    rows.add_metric(["waiting"], counts.waiting)
    rows.add_metric(["held"], counts.held)
    yield rows
    yield gauge("portal_outbox_oldest_seconds", "Age of the oldest of them.", counts.oldest)
    settled = CounterMetricFamily("portal_outbox_settled", "Notifications settled.", labels=["outcome"])
    settled.add_metric(["sent"], counts.sent)
    settled.add_metric(["failed"], counts.failed)
    yield settled


def import_figures(rows: list[dict[str, Any]]) -> Iterator[Metric]:
    """Timetable imports of all machines."""
    runs = CounterMetricFamily("portal_imports", "Timetables looked at, by outcome.", labels=["outcome"])
    last = GaugeMetricFamily("portal_import_last_timestamp_seconds", "The last one.", labels=["outcome"])
    for row in rows:
        runs.add_metric([row["outcome"]], row["n"])
        last.add_metric([row["outcome"]], row["last"])
    yield runs
    yield last
