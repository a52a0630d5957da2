# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The settings that the role writes: one JSON file, read when a process starts."""

from __future__ import annotations

import ipaddress
import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

PATH = "/etc/renfort/cas/settings.json"
"""Where the settings are, unless the environment variable RENFORT_CAS_SETTINGS says otherwise."""

Network = ipaddress.IPv4Network | ipaddress.IPv6Network


class ConfigError(Exception):
    """The settings are missing, unreadable or incomplete."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Limit:
    """So many failures within so many seconds; 0 failures: no limit."""

    failures: int
    seconds: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Config:
    """All settings; the role's README says what each is."""

    secret_key: str
    secret_key_fallbacks: list[str]
    hosts: list[str]
    secure_cookies: bool
    language: str
    title: dict[str, str]
    session_seconds: int
    ticket_seconds: int
    database: dict[str, Any]
    ca_file: str
    hash: dict[str, int]
    account_limit: Limit
    address_limit: Limit
    exempt_networks: list[Network]
    services: list[dict[str, Any]]
    server: dict[str, int]


def read(path: Path | None = None) -> Config:
    """Read the file.

    Raises:
        ConfigError: it is missing, is no JSON, or has other keys than the settings of this release.
    """
    chosen = path or Path(os.environ.get("RENFORT_CAS_SETTINGS", PATH))
    try:
        return parse(json.loads(chosen.read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
        raise ConfigError(f"{chosen}: {error}") from error


def parse(data: dict[str, Any]) -> Config:
    """Turn the content of the file into settings."""
    known = {name: value for name, value in data.items() if name != "managed"}
    return Config(
        **{
            **known,
            "account_limit": Limit(**data["account_limit"]),
            "address_limit": Limit(**data["address_limit"]),
            "exempt_networks": [ipaddress.ip_network(network) for network in data["exempt_networks"]],
        }
    )
