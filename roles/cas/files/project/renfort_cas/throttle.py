# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""How many failed logins an account and an address may have, counted by all machines together.

An attempt is counted before the password is looked at, so that many at once are not let through, and given
back unless it failed.
"""

from __future__ import annotations

import ipaddress
import math
from collections.abc import Iterable
from dataclasses import dataclass, field

from django.conf import settings
from django.db import connection

from .config import Limit, Network

COUNT = """
INSERT INTO renfort_cas_throttle AS t (key, started, attempts) VALUES (%(key)s, now(), 1)
ON CONFLICT (key) DO UPDATE SET
    attempts = CASE WHEN t.started < now() - %(seconds)s * interval '1 s' THEN 1 ELSE t.attempts + 1 END,
    started = CASE WHEN t.started < now() - %(seconds)s * interval '1 s' THEN now() ELSE t.started END
RETURNING attempts, extract(epoch FROM started - now())
"""

GIVE_BACK = "UPDATE renfort_cas_throttle SET attempts = attempts - 1 WHERE key = ANY(%s) AND attempts > 0"


class Throttled(Exception):  # noqa: N818 - what happened to a person, not an error of the program
    """Too many failures; seconds until the next attempt is looked at."""

    def __init__(self, seconds: int) -> None:
        super().__init__(f"{seconds} s")
        self.seconds = seconds


@dataclass(kw_only=True, slots=True)
class Attempt:
    """A login that has been counted under some keys."""

    keys: list[str] = field(default_factory=list)

    def give_back(self) -> None:
        """Count it no longer: it did not fail."""
        if self.keys:
            with connection.cursor() as cursor:
                cursor.execute(GIVE_BACK, [self.keys])


def begin(username: str, address: str) -> Attempt:
    """Count an attempt to log in.

    Raises:
        Throttled: the account or the address has failed too often; the attempt is not counted.
    """
    attempt = Attempt()
    waits: list[int] = []
    for key, limit in keys_of(username, address):
        attempts, age = _count(key, limit)
        attempt.keys.append(key)
        if attempts > limit.failures:
            waits.append(max(1, math.ceil(limit.seconds + age)))
    if waits:
        attempt.give_back()
        raise Throttled(max(waits))
    return attempt


def keys_of(username: str, address: str) -> Iterable[tuple[str, Limit]]:
    """Under which keys an attempt is counted, with the limit of each."""
    config = settings.CONFIG
    if config.account_limit.failures and username:
        yield f"account {username[:150]}", config.account_limit
    if config.address_limit.failures and not exempt(address, config.exempt_networks):
        yield f"address {group(address)}", config.address_limit


def exempt(address: str, networks: Iterable[Network]) -> bool:
    """Whether an address is one that many people share, such as a school's."""
    return any(ipaddress.ip_address(address) in network for network in networks)


def group(address: str) -> str:
    """An IPv4 address as it is; of IPv6 the /64, which one subscriber has as a whole."""
    if ":" in address:
        return str(ipaddress.ip_network(f"{address}/64", strict=False))
    return address


def _count(key: str, limit: Limit) -> tuple[int, float]:
    """Attempts under a key including this one, and the (negative) age of the first in seconds."""
    with connection.cursor() as cursor:
        cursor.execute(COUNT, {"key": key, "seconds": limit.seconds})
        attempts, age = cursor.fetchone()
    return attempts, float(age)
