# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Accounts as django-cas-server asks for them."""

from __future__ import annotations

import time

from cas_server.auth import AuthUser
from django.contrib.auth.hashers import check_password, make_password

from . import metrics
from .models import Account


def normal(username: str) -> str:
    """The name under which an account is kept."""
    return username.strip().lower()


class AccountUser(AuthUser):  # type: ignore[misc]  # published without type information
    """One account, found by its name in any case."""

    def __init__(self, username: str) -> None:
        self.account = Account.objects.filter(username=normal(username), active=True).first()
        super().__init__(self.account.username if self.account else normal(username))

    def test_password(self, password: str) -> bool:
        """Whether the password is that of the account; an unknown name takes as long as a known one."""
        started = time.perf_counter()
        if self.account is None:
            make_password(password)
            right = False
        else:
            right = check_password(password, self.account.password, setter=self._hash_anew)
        metrics.PASSWORD_SECONDS.observe(time.perf_counter() - started)
        return right

    def _hash_anew(self, password: str) -> None:
        """Keep the password with today's cost, when its hash has another."""
        Account.objects.filter(pk=self.account.pk).update(password=make_password(password))

    def attributs(self) -> dict[str, str]:
        """What services are told of the account."""
        return self.account.attributes() if self.account else {}
