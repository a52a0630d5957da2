# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What has to be set right before the first request."""

from __future__ import annotations

import secrets

from django.apps import AppConfig


class RenfortCas(AppConfig):
    """The accounts, the throttle and the figures beside django-cas-server."""

    name = "renfort_cas"

    def ready(self) -> None:
        """Have tickets drawn from the system's random numbers, and count them."""
        from cas_server import utils

        from . import metrics

        # django-cas-server 3.1.0 draws tickets from Python's general generator, which can be foretold.
        utils.random = secrets.SystemRandom()
        metrics.count_tickets()
