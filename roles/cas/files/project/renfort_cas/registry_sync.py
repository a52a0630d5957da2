# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Bring django-cas-server's registry in the database to what the settings say."""

from __future__ import annotations

from collections.abc import Sequence

from cas_server.models import ServicePattern
from django.db import transaction

from .registry import Entry, profile_pattern


def sync(entries: Sequence[Entry]) -> list[str]:
    """Add, change and remove entries; returns the names of those that were touched."""
    with transaction.atomic():
        known = {row.name: row for row in ServicePattern.objects.prefetch_related("attributs", "filters")}
        touched = sorted(set(known) - {entry.name for entry in entries})
        # A host may move to another name: its expression has to be free first.
        ServicePattern.objects.filter(name__in=touched).delete()
        for position, entry in enumerate(entries):
            if _differs(known.get(entry.name), entry, position):
                _write(entry, position)
                touched.append(entry.name)
    return touched


def _fields(entry: Entry, position: int) -> dict[str, object]:
    return {
        "pos": position,
        "pattern": entry.pattern,
        "proxy": entry.proxy,
        "proxy_callback": entry.proxy_callback,
        "single_log_out": entry.single_log_out,
        "single_log_out_callback": entry.single_log_out_callback,
        "restrict_users": False,
        "user_field": "",
    }


def _filters(entry: Entry) -> list[tuple[str, str]]:
    return [("profile", profile_pattern(entry.profiles))] if entry.profiles else []


def _differs(row: ServicePattern | None, entry: Entry, position: int) -> bool:
    if row is None or any(getattr(row, name) != value for name, value in _fields(entry, position).items()):
        return True
    attributes = {(item.name, item.replace) for item in row.attributs.all()}
    filters = [(item.attribut, item.pattern) for item in row.filters.all()]
    return attributes != {(name, "") for name in entry.attributes} or filters != _filters(entry)


def _write(entry: Entry, position: int) -> None:
    row, _ = ServicePattern.objects.update_or_create(name=entry.name, defaults=_fields(entry, position))
    row.attributs.all().delete()
    for name in entry.attributes:
        row.attributs.create(name=name, replace="")
    row.filters.all().delete()
    for attribute, expression in _filters(entry):
        row.filters.create(attribut=attribute, pattern=expression)
