# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""From the access that an account must have and the one that it has to the difference."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from .privileges import OWN_ROLES, Duty, Grant, Places, grants, roles


class Step(StrEnum):
    """What is done to the cluster's access lists."""

    MAKE_ROLE = "make role"
    CHANGE_ROLE = "change role"
    MAKE_POOL = "make pool"
    MAKE_USER = "make user"
    GRANT = "grant"
    WITHDRAW = "withdraw"
    MAKE_TOKEN = "make token"
    RENEW_TOKEN = "renew token"
    CHANGE_TOKEN = "change token"


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """Who works, for which duty, and where. ``token`` is the token's name without its user."""

    duty: Duty
    user: str
    token: str
    places: Places


@dataclass(frozen=True, slots=True, kw_only=True)
class Present:
    """What the cluster has of it.

    ``grants`` are those of the account's user alone. ``separated`` is whether the token has privileges of
    its own instead of its user's; None when there is no such token.
    """

    roles: Mapping[str, frozenset[str]] = field(default_factory=dict)
    pools: frozenset[str] = frozenset()
    user: bool = False
    separated: bool | None = None
    grants: frozenset[Grant] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One call that is lacking, with its reason. ``grant`` stands where the step is about one."""

    step: Step
    subject: str
    reason: str
    grant: Grant | None = None


def difference(account: Account, present: Present, *, renew: bool = False) -> tuple[Change, ...]:
    """Return what must be done, in the order in which it works; nothing when the account is as wanted."""
    return (
        *_roles(account, present),
        *_pools(account, present),
        *_user(account, present),
        *_token(account, present, renew),
        *_granted(account, present),
        *_withdrawn(account, present),
    )


def foreign(present: Present) -> tuple[Grant, ...]:
    """Return what the user holds beside Renfort's roles, which is left alone and worth a word."""
    return tuple(sorted(grant for grant in present.grants if grant.role not in OWN_ROLES))


def _roles(account: Account, present: Present) -> Iterable[Change]:
    for role, wanted in roles(account.duty).items():
        have = present.roles.get(role)
        if have is None:
            yield Change(step=Step.MAKE_ROLE, subject=role, reason=f"with {', '.join(wanted)}")
        elif have != frozenset(wanted):
            parts = [f"lacks {privilege}" for privilege in wanted if privilege not in have]
            parts += [f"has {privilege} too many" for privilege in sorted(have - set(wanted))]
            yield Change(step=Step.CHANGE_ROLE, subject=role, reason="; ".join(parts))


def _pools(account: Account, present: Present) -> Iterable[Change]:
    if account.duty is Duty.GUESTS:
        for pool in account.places.pools:
            if pool not in present.pools:
                yield Change(step=Step.MAKE_POOL, subject=pool, reason="the guests are its members")


def _user(account: Account, present: Present) -> Iterable[Change]:
    if not present.user:
        yield Change(step=Step.MAKE_USER, subject=account.user, reason="without a password: tokens only")


def _token(account: Account, present: Present, renew: bool) -> Iterable[Change]:
    name = f"{account.user}!{account.token}"
    if present.separated is None:
        yield Change(step=Step.MAKE_TOKEN, subject=name, reason="with its user's privileges")
    elif renew:
        yield Change(step=Step.RENEW_TOKEN, subject=name, reason="as asked: the old secret is void")
    elif present.separated:
        reason = "its privileges are its own instead of its user's"
        yield Change(step=Step.CHANGE_TOKEN, subject=name, reason=reason)


def _granted(account: Account, present: Present) -> Iterable[Change]:
    for grant in grants(account.duty, account.places):
        if grant not in present.grants:
            reach = "" if grant.below else ", nothing below"
            reason = f"{grant.role} on {grant.path}{reach}"
            yield Change(step=Step.GRANT, subject=account.user, reason=reason, grant=grant)


def _withdrawn(account: Account, present: Present) -> Iterable[Change]:
    wanted = {(grant.path, grant.role) for grant in grants(account.duty, account.places)}
    for grant in sorted(present.grants):
        if grant.role in OWN_ROLES and (grant.path, grant.role) not in wanted:
            reason = f"{grant.role} on {grant.path}, which is not needed"
            yield Change(step=Step.WITHDRAW, subject=account.user, reason=reason, grant=grant)
