# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The figures for Prometheus, added up over the worker processes of this machine."""

from __future__ import annotations

from typing import Any

from django.db.models.signals import post_save
from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest, multiprocess

LOGINS = Counter("renfort_cas_logins", "Logins by result: accepted, refused, throttled, stale.", ["result"])
VALIDATIONS = Counter(
    "renfort_cas_validations", "Validations of tickets by result: accepted, refused.", ["result"]
)
TICKETS = Counter("renfort_cas_tickets", "Tickets issued by kind: service, proxy, proxy_granting.", ["kind"])
LOGOUTS = Counter("renfort_cas_logouts", "Logouts that people asked for.")
PROXY_CALLBACK_FAILURES = Counter(
    "renfort_cas_proxy_callback_failures", "Services that did not take their proxy-granting ticket."
)
DATABASE_ERRORS = Counter("renfort_cas_database_errors", "Requests that failed because of the database.")
PASSWORD_SECONDS = Histogram(
    "renfort_cas_password_seconds",
    "Time that checking a password took.",
    buckets=(0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5),
)


def count_tickets() -> None:
    """Count the tickets as they are made."""
    from cas_server import models

    kinds = {
        models.ServiceTicket: "service",
        models.ProxyTicket: "proxy",
        models.ProxyGrantingTicket: "proxy_granting",
    }

    def count(sender: type, created: bool, **_: Any) -> None:
        if created:
            TICKETS.labels(kinds[sender]).inc()

    for model in kinds:
        post_save.connect(count, sender=model, weak=False)


def text() -> bytes:
    """All figures in Prometheus' text format."""
    registry = CollectorRegistry()
    multiprocess.MultiProcessCollector(registry)
    return generate_latest(registry)
