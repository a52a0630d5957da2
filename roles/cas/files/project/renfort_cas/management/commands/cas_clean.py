# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Command: remove what has expired, on one machine at a time; the result is one line of JSON."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from cas_server import models
from django.conf import settings
from django.contrib.sessions.models import Session
from django.core.management.base import BaseCommand
from django.db.models import Q, QuerySet
from django.utils import timezone

from ... import locks
from ...models import Throttle

CHUNK = 2000
"""Rows of one transaction: short enough that nobody waits for it."""


class Command(BaseCommand):
    """Remove expired tickets, sessions and counters; sessions that expire send no logout to services."""

    help = "Remove expired tickets, sessions and counters of failed logins."

    def handle(self, *_: Any, **__: Any) -> None:
        """Clean, and print how many rows were removed."""
        with locks.alone("clean", wait=False) as had:
            done = {name: _remove(rows) for name, rows in expired().items()} if had else {"elsewhere": 1}
        self.stdout.write(json.dumps(done))


def expired() -> dict[str, Callable[[], QuerySet[Any]]]:
    """What has expired, tickets before the people who hold them."""
    now = timezone.now()
    session = now - timedelta(seconds=settings.SESSION_COOKIE_AGE)
    unused = now - timedelta(seconds=settings.CAS_TICKET_VALIDITY)
    limits = (settings.CONFIG.account_limit.seconds, settings.CONFIG.address_limit.seconds)
    counted = now - timedelta(seconds=max(limits))
    # What was validated and takes part in no logout is of no more use.
    done = Q(validate=True, single_log_out=False) | Q(validate=False, creation__lt=unused)
    old = done | Q(creation__lt=session)
    grants = Q(creation__lt=session) | Q(
        single_log_out=False, creation__lt=now - timedelta(seconds=settings.CAS_PGT_VALIDITY)
    )
    return {
        "service_tickets": lambda: models.ServiceTicket.objects.filter(old),
        "proxy_tickets": lambda: models.ProxyTicket.objects.filter(old),
        "granting_tickets": lambda: models.ProxyGrantingTicket.objects.filter(grants),
        "logins": lambda: models.User.objects.filter(Q(date__lt=session) | Q(last_login__lt=session)),
        "sessions": lambda: Session.objects.filter(expire_date__lt=now),
        "counters": lambda: Throttle.objects.filter(started__lt=counted),
    }


def _remove(rows: Callable[[], QuerySet[Any]]) -> int:
    """Delete in chunks; how many there were."""
    total = 0
    while keys := list(rows().values_list("pk", flat=True)[:CHUNK]):
        rows().model.objects.filter(pk__in=keys).delete()
        total += len(keys)
    return total
