# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the host's own apt configuration says: its mirrors and the options needed to reach them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from ..errors import LabError

SUITES = ("trixie", "bookworm", "stable", "oldstable", "testing", "sid", "forky", "bullseye")
"""Suites whose mirror also serves the suites of the machine images."""

CARRIED = (
    re.compile(r"Acquire::(http|https)::(Proxy|Proxy-Auto-Detect)(::.*)?$"),
    re.compile(r"Acquire::(Check-Valid-Until|Check-Date|Retries|ForceIPv4|Max-FutureTime)$"),
    re.compile(r"Acquire::https::(Verify-Peer|Verify-Host|CaInfo)$"),
)
"""Options without which a machine could not use the mirror as the host does."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mirror:
    """The addresses of the archive and, when the host names one, of its security updates."""

    archive: str
    security: str = ""

    def lines(self, suite: str) -> list[str]:
        """The sources of a suite, one per line of ``sources.list``."""
        lines = [f"deb {self.archive} {suite} main", f"deb {self.archive} {suite}-updates main"]
        if self.security:
            lines.append(f"deb {self.security} {suite}-security main")
        return lines


def one_line_entries(text: str) -> Iterator[tuple[str, str]]:
    """(address, suite) of each binary source of a ``.list`` file."""
    for line in text.splitlines():
        match = re.match(r"\s*deb\s+(?:\[[^\]]*\]\s+)?(\S+)\s+(\S+)", line)
        if match:
            yield match[1].rstrip("/"), match[2]


def deb822_entries(text: str) -> Iterator[tuple[str, str]]:
    """(address, suite) of each enabled binary source of a ``.sources`` file."""
    for stanza in re.split(r"\n\s*\n", re.sub(r"(?m)^#.*\n?", "", text)):
        joined = re.sub(r"\n[ \t]+", " ", stanza.strip())
        fields = dict(re.findall(r"(?m)^([\w-]+):[ \t]*(.*)$", joined))
        named = {key.lower(): value.split() for key, value in fields.items()}
        if "deb" not in named.get("types", []) or named.get("enabled") == ["no"]:
            continue
        for address in named.get("uris", []):
            for suite in named.get("suites", []):
                yield address.rstrip("/"), suite


def choose_mirror(entries: Iterable[tuple[str, str]]) -> Mirror:
    """The first archive and the first security archive of Debian among the host's sources.

    Raises:
        LabError: the host has no Debian source that a machine could use too.
    """
    archive = security = ""
    for address, suite in entries:
        if not address.startswith(("http://", "https://")):
            continue
        if suite.endswith("-security") and suite.removesuffix("-security") in SUITES:
            security = security or address
        elif suite in SUITES:
            archive = archive or address
    if not archive:
        raise LabError(
            "The host's apt sources name no Debian mirror over http or https.",
            hint="Add one to /etc/apt/sources.list.d, run apt-get update, and try again.",
        )
    return Mirror(archive=archive, security=security)


def host_mirror(root: Path = Path("/etc/apt")) -> Mirror:
    """The mirror that the host itself uses."""
    entries: list[tuple[str, str]] = []
    for path in [root / "sources.list", *sorted((root / "sources.list.d").glob("*"))]:
        if path.suffix == ".list" and path.is_file():
            entries += one_line_entries(path.read_text(encoding="utf-8"))
        elif path.suffix == ".sources" and path.is_file():
            entries += deb822_entries(path.read_text(encoding="utf-8"))
    return choose_mirror(entries)


def carried_options(dump: str) -> list[str]:
    """The lines of ``apt-config dump`` that machines need as well, as apt options."""
    options = []
    for line in dump.splitlines():
        name, _, value = line.partition(" ")
        if any(pattern.match(name) for pattern in CARRIED) and value != '"";':
            options.append(line)
    return options
