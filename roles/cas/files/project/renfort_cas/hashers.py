# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""How passwords are hashed: Argon2id with the cost that the operator chose."""

from __future__ import annotations

from django.conf import settings
from django.contrib.auth.hashers import Argon2PasswordHasher


class Argon2(Argon2PasswordHasher):
    """Django's own takes 100 MiB for each login, too much for hundreds at once on a machine."""

    time_cost = settings.CONFIG.hash["time_cost"]
    memory_cost = settings.CONFIG.hash["memory_kib"]
    parallelism = settings.CONFIG.hash["parallelism"]
