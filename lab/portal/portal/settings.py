# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the environment tells the portal about its tenant."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

VERSION_FILE = Path(__file__).with_name("VERSION")
"""Written into the artifact by the build; a portal run from its source has none."""


class SettingsError(Exception):
    """A variable of the environment that the portal cannot use."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """One tenant's portal."""

    tenant: str
    title: str
    region: str
    schools: int
    hidden_blocks: frozenset[str]
    dev_profiles: bool
    version: str

    @classmethod
    def from_environ(cls, environ: Mapping[str, str]) -> Settings:
        """Read ``PORTAL_*``.

        Raises:
            SettingsError: a variable is missing or has no usable value; the message names it.
        """
        missing = [name for name in ("PORTAL_TENANT", "PORTAL_TITLE") if not environ.get(name)]
        if missing:
            raise SettingsError(f"{' and '.join(missing)} must be set: the tenant and its title.")
        schools = environ.get("PORTAL_SCHOOLS", "0")
        if not schools.isdigit():
            raise SettingsError(f"PORTAL_SCHOOLS is {schools!r}; it must be a number of schools, such as 60.")
        hidden = environ.get("PORTAL_HIDDEN_BLOCKS", "").split(",")
        return cls(
            tenant=environ["PORTAL_TENANT"],
            title=environ["PORTAL_TITLE"],
            region=environ.get("PORTAL_REGION", ""),
            schools=int(schools),
            hidden_blocks=frozenset(name.strip() for name in hidden if name.strip()),
            dev_profiles=environ.get("PORTAL_DEV_PROFILES") == "1",
            version=VERSION_FILE.read_text().strip() if VERSION_FILE.exists() else "source",
        )
