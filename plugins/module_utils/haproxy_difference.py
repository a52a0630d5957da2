# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a changed configuration of HAProxy asks for: orders to the running process, or a reload and why.

Values only. Runs on the managed machine: Python 3.11 is enough, with nothing but the standard library.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

DIGEST = re.compile(r"set-var proc\.renfort_digest str\((?P<digest>\S*)\)")
"""The line with which the configuration carries its own digest."""

FILE = re.compile(r"#\s*file (?P<digest>[0-9a-f]{64}) (?P<kind>map|certificate|crt-list) (?P<path>\S+)")
"""A comment that makes a file that the configuration refers to a part of it."""

SECTION = re.compile(r"[a-z][a-z-]*(\s|$)")
"""A line that begins a section stands in the first column."""

SERVER_SECTIONS = ("backend", "listen")

DYNAMIC_ALGORITHMS = ("roundrobin", "leastconn", "first", "random", "hash")
"""How requests may be shared in a backend whose servers come and go while it runs."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerLine:
    """A server as the configuration describes it, what applies to all servers of its backend included."""

    backend: str
    name: str
    address: str
    port: int
    keywords: tuple[str, ...]

    @property
    def path(self) -> str:
        """What the Runtime API calls it."""
        return f"{self.backend}/{self.name}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Configuration:
    """A configuration taken apart.

    ``sections``: head of a section → its lines without those of servers; ``servers``: path → server;
    ``files``: path of a file that it refers to → kind and digest.
    """

    digest: str
    sections: Mapping[str, tuple[str, ...]]
    servers: Mapping[str, ServerLine]
    files: Mapping[str, tuple[str, str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """What leads from one configuration to another.

    ``reasons`` say why only a reload can; with none, adding, removing and reading the files again is enough.
    """

    reasons: tuple[str, ...] = ()
    added: tuple[ServerLine, ...] = ()
    removed: tuple[ServerLine, ...] = ()
    files: tuple[tuple[str, str], ...] = ()
    files_gone: tuple[tuple[str, str], ...] = ()


def parse(text: str) -> Configuration:
    """Take a configuration apart; comments and empty lines are no part of it, save those that name files."""
    sections: dict[str, list[str]] = {}
    servers: dict[str, ServerLine] = {}
    files: dict[str, tuple[str, str]] = {}
    common: list[str] = []
    head, digest = "", ""
    for line in text.splitlines():
        words = line.split()
        if match := FILE.search(line):
            files[match["path"]] = (match["kind"], match["digest"])
        elif not words or words[0].startswith("#"):
            continue
        elif match := DIGEST.search(line):
            digest = match["digest"]
        elif SECTION.match(line):
            head, common = " ".join(words), []
            sections.setdefault(head, [])
        elif words[0] == "server" and head.split()[0] in SERVER_SECTIONS:
            server = _server(head.split()[1], words, common)
            servers[server.path] = server
        else:
            common = words[1:] if words[0] == "default-server" else common
            sections.setdefault(head, []).append(" ".join(words))
    return Configuration(
        digest=digest,
        sections={name: tuple(lines) for name, lines in sections.items()},
        servers=servers,
        files=files,
    )


def _server(backend: str, words: Sequence[str], common: Sequence[str]) -> ServerLine:
    """A line of a server; its own keywords come last, where HAProxy lets them win."""
    address, _, port = words[2].rpartition(":")
    return ServerLine(
        backend=backend,
        name=words[1],
        address=address if port.isdecimal() else words[2],
        port=int(port) if port.isdecimal() else 0,
        keywords=(*common, *words[3:]),
    )


def difference(running: Configuration, wanted: Configuration) -> Difference:
    """What leads from the configuration that runs to the one that is wanted."""
    reasons = [
        f"{what}: {head}"
        for what, heads in (
            ("new section", wanted.sections.keys() - running.sections.keys()),
            ("section gone", running.sections.keys() - wanted.sections.keys()),
            ("section changed", _changed_sections(running, wanted)),
        )
        for head in sorted(heads)
    ]
    kept = sorted(running.servers.keys() & wanted.servers.keys())
    # To take a server out and put it back would leave its backend without it in between.
    reasons += [f"server changed: {path}" for path in kept if running.servers[path] != wanted.servers[path]]
    if reasons:
        return Difference(reasons=tuple(reasons))
    gone = running.servers.keys() - wanted.servers.keys()
    fresh = wanted.servers.keys() - running.servers.keys()
    touched = [running.servers[path] for path in gone] + [wanted.servers[path] for path in fresh]
    return Difference(
        reasons=tuple(sorted({reason for server in touched for reason in _fixed(server, wanted)})),
        added=tuple(wanted.servers[path] for path in sorted(fresh)),
        removed=tuple(running.servers[path] for path in sorted(gone)),
        files=tuple(
            (entry[0], path)
            for path, entry in sorted(wanted.files.items())
            if running.files.get(path) != entry
        ),
        files_gone=tuple(
            (entry[0], path) for path, entry in sorted(running.files.items()) if path not in wanted.files
        ),
    )


def _changed_sections(running: Configuration, wanted: Configuration) -> set[str]:
    """Heads of the sections that both have and that differ in more than servers."""
    both = running.sections.keys() & wanted.sections.keys()
    return {head for head in both if running.sections[head] != wanted.sections[head]}


def _fixed(server: ServerLine, wanted: Configuration) -> list[str]:
    """Why the servers of this one's backend can only be changed by a reload."""
    head = next(
        head
        for head in wanted.sections
        if head.split()[0] in SERVER_SECTIONS and head.split()[1] == server.backend
    )
    lines = wanted.sections[head]
    balance = next((line.split() for line in lines if line.startswith("balance ")), ["balance", "roundrobin"])
    consistent = "hash-type consistent" in " ".join(lines)
    algorithm = re.split(r"[(\s]", balance[1])[0]
    reasons = []
    if algorithm not in DYNAMIC_ALGORITHMS and not consistent:
        reasons.append(f"{head}: balance {balance[1]} fixes its servers")
    named = [line for line in lines if line.startswith("use-server ") or " track " in f" {line} "]
    if named:
        reasons.append(f"{head}: a rule may name a server: {named[0]}")
    try:
        ipaddress.ip_address(server.address.strip("[]"))
    except ValueError:
        reasons.append(f"{head}: the server {server.name} has a name for an address")
    return reasons
