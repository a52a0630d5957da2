# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Pages that say one thing, and the handlers of errors."""

from __future__ import annotations

import sys

from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from . import metrics, texts


def page(request: HttpRequest, name: str, status: int, **values: object) -> HttpResponse:
    """A page with the heading and the text of a name."""
    told = {"heading": texts.of(name), "text": texts.of(f"{name}_text").format(**values)}
    response = render(request, "renfort_cas/message.html", told, status=status)
    response["Cache-Control"] = "no-store"
    return response


def throttled(request: HttpRequest, seconds: int) -> HttpResponse:
    """Say when the next attempt will be looked at."""
    response = page(request, "throttled", 429, seconds=seconds)
    response["Retry-After"] = str(seconds)
    return response


def stale_form(request: HttpRequest, reason: str = "") -> HttpResponse:  # noqa: ARG001 - Django passes it
    """A form without the token of its session."""
    metrics.LOGINS.labels("stale").inc()
    return page(request, "stale_form", 403)


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:  # noqa: ARG001 - Django passes it
    """An address that does not exist."""
    return page(request, "not_found", 404)


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:  # noqa: ARG001 - Django passes it
    """A request that is not understood."""
    return page(request, "bad_request", 400)


def broken(request: HttpRequest) -> HttpResponse:
    """A request that failed: 503 when the database is away, so that whoever asked tries again; else 500."""
    if isinstance(sys.exc_info()[1], (OperationalError, InterfaceError)):
        metrics.DATABASE_ERRORS.inc()
        response = page(request, "away", 503)
        response["Retry-After"] = "2"
        return response
    return page(request, "broken", 500)
