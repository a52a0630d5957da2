# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who calls: tickets with their CSRF tokens, API tokens, passwords."""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
import secrets
from collections.abc import Mapping
from functools import cache
from typing import Protocol
from urllib.parse import unquote

from .call import Identity
from .errors import ApiError
from .store import Row, Store

COOKIE = "PVEAuthCookie"
TOKEN_SCHEME = "PVEAPIToken"
TICKET_LIFE_S = 2 * 3600
CLOCK_SKEW_S = 300
REFUSAL_DELAY_S = 3.0

OPEN_CALLS = frozenset(
    {
        ("GET", "/access/domains"),
        ("GET", "/access/ticket"),
        ("POST", "/access/ticket"),
        ("POST", "/access/openid/login"),
        ("POST", "/access/openid/auth-url"),
    }
)
"""Calls for which nobody needs to be known."""

_TICKET = re.compile(r"^PVE:(?P<user>[^\s:]+):(?P<time>[0-9A-F]{8})::(?P<signature>.+)$")
_CSRF = re.compile(r"^(?P<time>[0-9A-F]{8}):(?P<signature>.+)$")
_TOKEN_ID = re.compile(r"^(?P<user>[^\s:/]+@[A-Za-z][A-Za-z0-9.\-_]+)!(?P<token>[A-Za-z][A-Za-z0-9.\-_]+)$")
_SCRYPT = {"n": 2**12, "r": 8, "p": 1}


class AuthError(Exception):
    """The caller is not let in: 401 with this text as its reason and an empty body."""


class Clock(Protocol):
    """The part of the clock that tickets need."""

    def now(self) -> float:
        """Epoch seconds."""


class Authenticator:
    """The users of a cluster, and who they prove to be.

    Rows of ``users``: ``{enable, expire, comment, email, firstname, lastname, keys}``; of ``secrets``
    (by userid): ``{"password": hash}``; of ``tokens``: ``{expire, privsep, comment, secret: hash}``.
    """

    def __init__(self, store: Store, clock: Clock) -> None:
        self._users = store.table("users")
        self._tokens = store.table("tokens")
        self._secrets = store.table("secrets")
        self._clock = clock
        options = store.table("options")
        if "keys" not in options:
            options["keys"] = {"ticket": secrets.token_hex(32)}
        self._key = bytes.fromhex(options["keys"]["ticket"])

    def identify(self, verb: str, headers: Mapping[str, str], *, csrf: bool) -> Identity:
        """Who sends these headers. ``csrf`` says whether a session must prove its intention."""
        authorization = headers.get("authorization", "")
        ticket = _value(headers.get("cookie", ""), COOKIE) or _value(authorization, COOKIE)
        if ticket:
            identity = Identity(user=self.verify_ticket(ticket))
            if csrf and verb != "GET":
                self._verify_csrf(identity.user, headers.get("csrfpreventiontoken", ""))
            return identity
        token = _value(authorization, TOKEN_SCHEME)
        if token:
            return self._verify_token(token)
        raise AuthError("No ticket")

    def check_enabled(self, user: str) -> Row:
        """The row of a user who may come in."""
        row: Row | None = self._users.get(user)
        if row is None:
            raise AuthError(f"no such user ('{user}')")
        if not row.get("enable", 1):
            raise AuthError(f"user '{user}' is disabled")
        if row.get("expire") and row["expire"] < self._clock.now():
            raise AuthError(f"user '{user}' access expired")
        return row

    def _verify_token(self, text: str) -> Identity:
        name, equals, value = text.rpartition("=")
        if not equals:
            raise AuthError("no tokenid specified")
        match = _TOKEN_ID.match(name)
        if match is None:
            raise AuthError(f"value '{name}' does not look like a valid token ID")
        self.check_enabled(match["user"])
        row = self._tokens.get(name)
        if row is None:
            raise AuthError(f"no such token '{match['token']}' for user '{match['user']}'")
        if row.get("expire") and row["expire"] < self._clock.now():
            raise AuthError(f"token '{match['token']}' access expired")
        if not hmac.compare_digest(row["secret"], hash_token(value)):
            raise AuthError("invalid token value!")
        return Identity(user=match["user"], token=match["token"])

    # --- tickets ----------------------------------------------------------------------------------

    def ticket(self, user: str) -> str:
        """A new ticket."""
        plain = f"PVE:{user}:{int(self._clock.now()):08X}"
        return f"{plain}::{self._sign(plain)}"

    def csrf_token(self, user: str) -> str:
        """A new token with which a session proves its intention."""
        stamp = f"{int(self._clock.now()):08X}"
        return f"{stamp}:{self._sign(f'{stamp}:{user}')}"

    def verify_ticket(self, ticket: str) -> str:
        """The user whom a ticket was given to."""
        match = _TICKET.match(ticket)
        plain = ticket.partition("::")[0]
        if (
            match is None
            or not hmac.compare_digest(match["signature"].encode(), self._sign(plain).encode())
            or not self._is_recent(match["time"])
        ):
            raise AuthError("permission denied - invalid PVE ticket")
        self.check_enabled(match["user"])
        return match["user"]

    def _verify_csrf(self, user: str, token: str) -> None:
        match = _CSRF.match(token)
        signed = self._sign(f"{match['time']}:{user}") if match else ""
        if (
            match is None
            or not hmac.compare_digest(match["signature"].encode(), signed.encode())
            or not self._is_recent(match["time"])
        ):
            raise AuthError("Permission denied - invalid csrf token")

    def _is_recent(self, stamp: str) -> bool:
        age = self._clock.now() - int(stamp, 16)
        return -CLOCK_SKEW_S < age < TICKET_LIFE_S

    def _sign(self, text: str) -> str:
        return base64.b64encode(hmac.digest(self._key, text.encode(), "sha512")).decode()

    # --- passwords --------------------------------------------------------------------------------

    def log_in(self, user: str, password: str) -> None:
        """Check a password (or a ticket in its place); every failure reads the same."""
        try:
            if password.startswith("PVE:") and self.verify_ticket(password) in (user, "root@pam"):
                self.check_enabled(user)
                return
            self.check_enabled(user)
        except AuthError as error:
            raise refused() from error
        if not self.password_matches(user, password):
            raise refused()

    def password_matches(self, user: str, password: str) -> bool:
        """Whether this is the user's password."""
        stored = self._secrets.get(user, {}).get("password", "")
        return bool(stored) and hmac.compare_digest(stored, _hash_password(password, stored))

    def set_password(self, user: str, password: str) -> None:
        """Store a password, hashed."""
        self._secrets[user] = {"password": _hash_password(password, "")}


def refused() -> ApiError:
    """The answer to a login that failed, whatever the cause."""
    return ApiError(401, "authentication failure\n")


def hash_token(value: str) -> str:
    """What is stored of a token's secret, which is random: a fast hash is enough."""
    return hashlib.sha256(value.encode()).hexdigest()


def _hash_password(password: str, like: str) -> str:
    salt = bytes.fromhex(like.partition("$")[0]) if like else secrets.token_bytes(16)
    digest = hashlib.scrypt(password.encode(), salt=salt, **_SCRYPT)
    return f"{salt.hex()}${digest.hex()}"


@cache
def _header_pattern(key: str) -> re.Pattern[str]:
    return re.compile(rf"(?:^|\s){re.escape(key)}(?:=| )([^;]*)")


def _value(header: str, key: str) -> str:
    """What a header says under a key, as in ``key=value`` or ``key value``."""
    match = _header_pattern(key).search(header) if header else None
    return unquote(match[1]) if match else ""
