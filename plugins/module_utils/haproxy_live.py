# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Bring a difference into a running HAProxy through its Runtime API, and compare files with memory.

Runs on the managed machine: Python 3.11 is enough, and nothing but the standard library is needed.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from .haproxy_difference import Configuration, Difference, ServerLine
from .haproxy_runtime import Runtime, RuntimeApiError, wait_until

CERTIFICATE = re.compile(r"-----BEGIN CERTIFICATE-----(.+?)-----END CERTIFICATE-----", re.DOTALL)


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """Seconds to wait for the first good check of a new server, and for the sessions of one that goes."""

    check: float = 10.0
    drain: float = 30.0


def apply(
    runtime: Runtime,
    difference: Difference,
    wanted: Configuration,
    *,
    patience: Patience,
    read: Callable[[str], str],
) -> list[str]:
    """Carry out a difference for which no reload is needed; what was done, a line each.

    New servers are in service before others leave. The digest of the process is set last: as long as it is
    not, the next run finds that file and memory differ.

    Args:
        runtime: the process.
        difference: what to carry out.
        wanted: the configuration whose digest the process shall have.
        patience: how long to wait.
        read: the text of a file by its path.

    Raises:
        RuntimeApiError: HAProxy refused a step. Those before it are in memory; a reload sets all right.
    """
    done: list[str] = []
    done += _add_all(runtime, difference.added, patience)
    done += [_remove(runtime, server, patience) for server in difference.removed]
    files = sorted(difference.files, key=lambda file: file[0] == "crt-list")
    for kind, path in files:
        done.append(FILE_KINDS[kind](runtime, path, read(path)))
    for kind, path in difference.files_gone:
        if kind == "certificate" and path in runtime.certificates():
            runtime.order(f"del ssl cert {path}")
            done.append(f"certificate {path}: forgotten")
    runtime.set_variable("proc.renfort_digest", wanted.digest)
    return done


def _add_all(runtime: Runtime, servers: Sequence[ServerLine], patience: Patience) -> list[str]:
    """Add servers that get no request before their first good check, or before patience ends."""
    for server in servers:
        runtime.order(f"add server {server.path} {server.address}:{server.port} {' '.join(server.keywords)}")
        if "check" in server.keywords:
            runtime.order(f"enable health {server.path}")
        runtime.order(f"set server {server.path} state drain")
    waiting = {server.path for server in servers if "check" in server.keywords}

    def checked() -> bool:
        good = {it.path for it in runtime.servers() if it.check.endswith("OK")}
        return waiting <= good

    passed = not waiting or wait_until(checked, seconds=patience.check)
    for server in servers:
        if "disabled" not in server.keywords:
            runtime.order(f"set server {server.path} state ready")
    note = "" if passed else ", its check not passed yet"
    return [f"server {server.path}: added{note if server.path in waiting else ''}" for server in servers]


def _remove(runtime: Runtime, server: ServerLine, patience: Patience) -> str:
    """Let a server finish what it does, then take it out."""
    present = {it.path for it in runtime.servers()}
    if server.path not in present:
        return f"server {server.path}: was gone"
    runtime.order(f"set server {server.path} state drain")

    def idle() -> bool:
        return not any(it.sessions for it in runtime.servers() if it.path == server.path)

    if not wait_until(idle, seconds=patience.drain):
        # A reload leaves these sessions to the former process, which ends with them.
        raise RuntimeApiError(f"The server {server.path} still has sessions after {patience.drain:g} s.")
    runtime.order(f"set server {server.path} state maint")
    refusal: list[RuntimeApiError] = []

    def gone() -> bool:
        # Connections that are kept for later requests end a moment after the server is in maintenance.
        try:
            runtime.order(f"del server {server.path}")
        except RuntimeApiError as error:
            refusal[:] = [error]
            return False
        return True

    if not wait_until(gone, seconds=5):
        raise refusal[0]
    return f"server {server.path}: removed"


def _read_map(runtime: Runtime, path: str, text: str) -> str:
    """Make the entries of a map those of its file; what stays the same is never absent in between."""
    wanted = map_file(text)
    present = dict(runtime.map_entries(path))
    for key, value in wanted.items():
        if key not in present:
            runtime.order(f"add map {path} {key} {value}")
        elif present[key] != value:
            runtime.order(f"set map {path} {key} {value}")
    for key in present.keys() - wanted.keys():
        runtime.order(f"del map {path} {key}")
    return f"map {path}: {len(wanted)} entries"


def _read_certificate(runtime: Runtime, path: str, text: str) -> str:
    """Exchange a certificate in one step, or make a new one known; nothing is left half done."""
    known = path in runtime.certificates()
    if not known:
        runtime.order(f"new ssl cert {path}")
    try:
        runtime.order(f"set ssl cert {path}", payload=text)
        answer = runtime.order(f"commit ssl cert {path}")
        if "Success!" not in answer:
            raise RuntimeApiError(f"HAProxy did not take the certificate {path}: {' '.join(answer.split())}")
    except RuntimeApiError:
        runtime.ask(f"abort ssl cert {path}")
        if not known:
            runtime.ask(f"del ssl cert {path}")
        raise
    return f"certificate {path}: {'replaced' if known else 'new'}"


def _read_crt_list(runtime: Runtime, path: str, text: str) -> str:
    """Make a list of certificates that of its file."""
    wanted = crt_list_file(text)
    present = runtime.listed(path)
    for name in wanted:
        if name not in present:
            answer = runtime.order(f"add ssl crt-list {path} {name}")
            if "Success!" not in answer:
                raise RuntimeApiError(f"HAProxy did not take {name} into {path}: {' '.join(answer.split())}")
    for name in present:
        if name not in wanted:
            runtime.order(f"del ssl crt-list {path} {name}")
    return f"list {path}: {len(wanted)} certificates"


FILE_KINDS: dict[str, Callable[[Runtime, str, str], str]] = {
    "map": _read_map,
    "certificate": _read_certificate,
    "crt-list": _read_crt_list,
}


def map_file(text: str) -> dict[str, str]:
    """Key → value of a map's file."""
    rows = (line.split(None, 1) for line in text.splitlines() if line.strip() and not line.startswith("#"))
    return {row[0]: row[1].strip() if len(row) > 1 else "" for row in rows}


def crt_list_file(text: str) -> list[str]:
    """The certificates that a list names, in order."""
    return [line.split()[0] for line in text.splitlines() if line.strip() and not line.startswith("#")]


def fingerprint(text: str) -> str:
    """SHA-1 of the first certificate of a file as HAProxy tells it; empty when the file holds none."""
    match = CERTIFICATE.search(text)
    if match is None:
        return ""
    try:
        return hashlib.sha1(base64.b64decode(match[1]), usedforsecurity=False).hexdigest().upper()
    except binascii.Error:
        return ""


def compare_servers(runtime: Runtime, wanted: Configuration) -> list[str]:
    """Where the servers in memory differ from a configuration, a sentence each.

    Weights and states are left out: they are what operators change on purpose.
    """
    present = {server.path: server for server in runtime.servers()}
    found = [f"server {path}: in the file, not in memory" for path in sorted(wanted.servers.keys() - present)]
    found += [
        f"server {path}: in memory, not in the file" for path in sorted(present.keys() - wanted.servers)
    ]
    for path in sorted(present.keys() & wanted.servers):
        memory, file = present[path], wanted.servers[path]
        if (memory.address, memory.port) != (file.address.strip("[]"), file.port):
            where = f"{file.address}:{file.port} in the file, {memory.address}:{memory.port} in memory"
            found.append(f"server {path}: {where}")
    return found


def compare_with_memory(runtime: Runtime, wanted: Configuration, *, read: Callable[[str], str]) -> list[str]:
    """Where the process differs from its files: servers, maps, certificates; a sentence each."""
    found = compare_servers(runtime, wanted)
    for path, (kind, _digest) in sorted(wanted.files.items()):
        if not _same(runtime, kind, path, read(path)):
            found.append(f"{kind} {path}: memory differs from the file")
    if runtime.variable("proc.renfort_digest") != wanted.digest:
        found.append("the digest in memory is not that of the file")
    return found


def _same(runtime: Runtime, kind: str, path: str, text: str) -> bool:
    if kind == "map":
        return dict(runtime.map_entries(path)) == map_file(text)
    if kind == "crt-list":
        return sorted(runtime.listed(path)) == sorted(crt_list_file(text))
    return runtime.certificate(path).get("SHA1 FingerPrint", "") == fingerprint(text)


def read_text(path: str) -> str:
    """The text of a file."""
    return Path(path).read_text(encoding="utf-8")
