# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What load balancers and monitoring ask, answered before sessions and hosts are looked at."""

from __future__ import annotations

import logging
from collections.abc import Callable

from django.db import Error, connection
from django.http import HttpRequest, HttpResponse

from . import metrics

logger = logging.getLogger(__name__)

QUESTION = "SELECT NOT pg_is_in_recovery(), EXISTS (SELECT FROM cas_server_user)"
"""Whether the database takes writes and has the tables: a login needs both."""


class Probes:
    """Answers /cas/healthz and /cas/metrics."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Answer a probe, or pass the request on."""
        if request.path == "/cas/healthz":
            return health()
        if request.path == "/cas/metrics":
            return HttpResponse(metrics.text(), content_type="text/plain; version=0.0.4; charset=utf-8")
        return self.get_response(request)


def health() -> HttpResponse:
    """200 when people can log in, else 503 with the reason in a word."""
    try:
        with connection.cursor() as cursor:
            cursor.execute(QUESTION)
            writable = cursor.fetchone()[0]
    except Error as error:
        logger.warning("not healthy: %s", str(error).strip().partition("\n")[0])
        return HttpResponse("database\n", status=503, content_type="text/plain")
    if not writable:
        return HttpResponse("read-only database\n", status=503, content_type="text/plain")
    return HttpResponse("ok\n", content_type="text/plain")
