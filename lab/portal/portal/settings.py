# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the environment tells the portal about its tenant and about the services behind it."""

from __future__ import annotations

import platform
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

VERSION_FILE = Path(__file__).with_name("VERSION")
"""Written into the artifact by the build; a portal run from its source has none."""

SWITCHES = "/etc/renfort/portal-switches.json"
"""Where contingency measures are switched unless the environment says otherwise."""

TIMETABLES = "/var/lib/web-app/timetables"
"""Where timetables are dropped unless the environment says otherwise."""


class SettingsError(Exception):
    """A variable of the environment that the portal cannot use."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cas:
    """The CAS server: as browsers reach it, and as this machine does. Prefixes without a final slash."""

    url: str
    validate_url: str
    ca_file: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Mail:
    """The relay for notifications, and in whose name they are sent."""

    host: str
    port: int
    domain: str
    sender: str
    starttls: bool
    ca_file: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """One tenant's portal. Services without an address are absent: None or empty."""

    tenant: str
    title: str
    region: str
    schools: int
    hidden_blocks: frozenset[str]
    dev_profiles: bool
    version: str
    machine: str
    url: str
    cas: Cas | None
    database_url: str
    messaging_url: str
    connections: int
    mail: Mail | None
    switches: Path
    timetables: Path
    idle_seconds: int
    absolute_seconds: int

    @property
    def secure(self) -> bool:
        """Whether browsers reach the portal by TLS, so that cookies may require it."""
        return self.url.startswith("https://")

    @classmethod
    def from_environ(cls, environ: Mapping[str, str]) -> Settings:
        """Read ``PORTAL_*``.

        Raises:
            SettingsError: a variable is missing or has no usable value; the message names it.
        """
        missing = [name for name in ("PORTAL_TENANT", "PORTAL_TITLE") if not environ.get(name)]
        if missing:
            raise SettingsError(f"{' and '.join(missing)} must be set: the tenant and its title.")
        hidden = environ.get("PORTAL_HIDDEN_BLOCKS", "").split(",")
        settings = cls(
            tenant=environ["PORTAL_TENANT"],
            title=environ["PORTAL_TITLE"],
            region=environ.get("PORTAL_REGION", ""),
            schools=number(environ, "PORTAL_SCHOOLS", 0),
            hidden_blocks=frozenset(name.strip() for name in hidden if name.strip()),
            dev_profiles=flag(environ, "PORTAL_DEV_PROFILES"),
            version=VERSION_FILE.read_text().strip() if VERSION_FILE.exists() else "source",
            machine=environ.get("PORTAL_MACHINE") or platform.node(),
            url=address(environ, "PORTAL_URL"),
            cas=read_cas(environ),
            database_url=database(environ, "PORTAL_DATABASE_URL"),
            messaging_url=database(environ, "PORTAL_MESSAGING_URL"),
            connections=number(environ, "PORTAL_DATABASE_CONNECTIONS", 6, least=1),
            mail=read_mail(environ),
            switches=Path(environ.get("PORTAL_SWITCHES") or SWITCHES),
            timetables=Path(environ.get("PORTAL_TIMETABLES") or TIMETABLES),
            idle_seconds=number(environ, "PORTAL_SESSION_IDLE", 1800, least=60),
            absolute_seconds=number(environ, "PORTAL_SESSION_ABSOLUTE", 36000, least=60),
        )
        refuse_contradictions(settings)
        return settings


def refuse_contradictions(settings: Settings) -> None:
    """Refuse settings that are each usable and make no sense together.

    Raises:
        SettingsError: says which, and what to set.
    """
    if settings.cas and settings.dev_profiles:
        raise SettingsError(
            "PORTAL_DEV_PROFILES and PORTAL_CAS_URL are both set: a portal with real people "
            "cannot believe what anybody claims to be. Remove one of them."
        )
    if settings.cas and not (settings.url and settings.database_url):
        raise SettingsError(
            "PORTAL_CAS_URL needs PORTAL_URL (where CAS sends people back to) "
            "and PORTAL_DATABASE_URL (where all web machines keep sessions)."
        )
    if settings.mail and not (settings.messaging_url and settings.url):
        raise SettingsError(
            "PORTAL_SMTP needs PORTAL_MESSAGING_URL (where notifications wait) "
            "and PORTAL_URL (where they lead to)."
        )


def number(environ: Mapping[str, str], name: str, default: int, *, least: int = 0) -> int:
    """A variable that holds a whole number."""
    value = environ.get(name) or str(default)
    if not value.isascii() or not value.isdigit() or int(value) < least:
        raise SettingsError(
            f"{name} is {value!r}; it must be a number from {least}, such as {default or 60}."
        )
    return int(value)


def flag(environ: Mapping[str, str], name: str) -> bool:
    """A variable that is 1, or 0 or left out."""
    value = environ.get(name) or "0"
    if value not in ("0", "1"):
        raise SettingsError(f"{name} is {value!r}; it must be 0 or 1.")
    return value == "1"


def address(environ: Mapping[str, str], name: str) -> str:
    """A variable that holds an http(s) address, without the final slash; empty when it is left out."""
    value = (environ.get(name) or "").rstrip("/")
    parts = urlsplit(value)
    if value and (parts.scheme not in ("http", "https") or not parts.hostname or parts.query):
        raise SettingsError(f"{name} is {value!r}; it must be an address such as https://eure.ent.example.")
    return value


def database(environ: Mapping[str, str], name: str) -> str:
    """A variable that holds the address of a database; empty when it is left out. It is a secret."""
    value = environ.get(name) or ""
    if value and not value.startswith(("postgresql://", "postgres://")):
        raise SettingsError(
            f"{name} must be an address such as postgresql://user:password@host:5432/name"
            "?sslmode=verify-full&sslrootcert=/etc/renfort/tls/ca.crt."
        )
    return value


def readable(environ: Mapping[str, str], name: str) -> str:
    """A variable that names a file; empty when it is left out."""
    value = environ.get(name) or ""
    if value and not Path(value).is_file():
        raise SettingsError(f"{name} is {value!r}; there is no such file.")
    return value


def read_cas(environ: Mapping[str, str]) -> Cas | None:
    """The CAS server, when one is named."""
    url = address(environ, "PORTAL_CAS_URL")
    validate = address(environ, "PORTAL_CAS_VALIDATE_URL")
    if not url:
        if validate:
            raise SettingsError("PORTAL_CAS_VALIDATE_URL is set without PORTAL_CAS_URL.")
        return None
    return Cas(url=url, validate_url=validate or url, ca_file=readable(environ, "PORTAL_CA_FILE"))


def read_mail(environ: Mapping[str, str]) -> Mail | None:
    """The relay, when one is named."""
    relay = environ.get("PORTAL_SMTP") or ""
    if not relay:
        return None
    host, _, port = relay.rpartition(":")
    if not host or not port.isdigit():
        raise SettingsError(f"PORTAL_SMTP is {relay!r}; it must be host:port, such as 10.83.0.10:25.")
    domain = environ.get("PORTAL_MAIL_DOMAIN") or ""
    if not domain or "@" in domain:
        raise SettingsError(
            f"PORTAL_MAIL_DOMAIN is {domain!r}; it must be a domain such as eure.ent.example."
        )
    return Mail(
        host=host.strip("[]"),
        port=int(port),
        domain=domain.lower(),
        sender=environ.get("PORTAL_MAIL_SENDER") or f"ne-pas-repondre@{domain}",
        starttls=flag(environ, "PORTAL_SMTP_STARTTLS"),
        ca_file=readable(environ, "PORTAL_CA_FILE"),
    )
