# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The made-up people of the lab's tenants: the accounts that their sign-in services are given."""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping
from pathlib import Path

from ..portal.portal.population import Population, password
from .state import State, write_secret

MAIL_DOMAINS = ("courriel.example", "messagerie.example", "familles.example")
"""Where the people have their mail: domains of the lab's own mail servers."""


def ensure_people(state: State, people: Mapping[str, int]) -> bool:
    """Write the accounts of each tenant, a JSON object a line; whether any were missing or others.

    Args:
        state: the lab's files.
        people: tenant to the number of its people.
    """
    changed = not state.people_secret.exists()
    if changed:
        write_secret(state.people_secret, secrets.token_urlsafe(24))
    secret = state.people_secret.read_text(encoding="utf-8")
    for tenant, count in sorted(people.items()):
        path = state.accounts(tenant)
        text = accounts(tenant, count, secret)
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            path.parent.mkdir(exist_ok=True, mode=0o700)
            write_secret(path, text)
            changed = True
    return changed


def accounts(tenant: str, count: int, secret: str) -> str:
    """The accounts of a tenant: user name, password, profile, name, mail and school of each."""
    population = Population(tenant=tenant, users=count, schools=0, domains=MAIL_DOMAINS)
    rows = (
        {
            "username": it.username,
            "password": password(secret, tenant, it.username),
            "profile": it.profile.value,
            "name": it.name,
            "mail": it.mail,
            "school": it.school,
        }
        for it in population.people()
    )
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)


def read_accounts(path: Path) -> list[dict[str, str]]:
    """The accounts of a file."""
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
