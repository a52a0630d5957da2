# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The people who can log in, and the counters of failed logins."""

from __future__ import annotations

from typing import ClassVar

from django.db import models


class Account(models.Model):
    """A person of a school. Names are kept in lower case and found in any."""

    username = models.CharField(max_length=150, unique=True)
    password = models.CharField(max_length=256)
    profile = models.CharField(max_length=16)
    name = models.CharField(max_length=200)
    mail = models.CharField(max_length=254, blank=True, default="")
    school = models.CharField(max_length=200, blank=True, default="")
    active = models.BooleanField(default=True)

    def attributes(self) -> dict[str, str]:
        """What services may be told; those without a value are left out."""
        told = {"profile": self.profile, "name": self.name, "mail": self.mail, "school": self.school}
        return {name: value for name, value in told.items() if value}


class Throttle(models.Model):
    """Failed logins of an account or an address since the first of them.

    The table is unlogged: counters are written at every login, and losing them with a failover is bearable.
    """

    key = models.CharField(max_length=180, primary_key=True)
    started = models.DateTimeField()
    attempts = models.IntegerField()

    class Meta:
        """No index beside the key: rows are few and cleaned away."""

        indexes: ClassVar[list[models.Index]] = []
