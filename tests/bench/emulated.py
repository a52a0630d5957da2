# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""An emulated cluster over TLS in a process of its own, for benchmarks of what talks to one."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from ansible_collections.ent.renfort.plugins.module_utils.proxmox_options import ApiSettings
from lab.control.certificates import ensure_certificates
from lab.control.state import State
from lab.guests.memory import MemoryBackend
from lab.pve.auth import hash_token
from lab.pve.clock import Clock
from lab.pve.cluster import Cluster
from lab.pve.seed import seed

ROOT = Path(__file__).resolve().parents[2]
SECRET = "00000000-0000-0000-0000-000000000001"
USER = "bench@pve"
TOKEN = "run"


@dataclass(frozen=True, slots=True, kw_only=True)
class Emulated:
    """A running emulator, and how to reach it."""

    settings: ApiSettings
    admin_port: int

    def counters(self) -> Mapping[str, int]:
        """The reading and writing calls so far."""
        with urllib.request.urlopen(f"http://127.0.0.1:{self.admin_port}/counters") as answer:
            data: dict[str, Any] = json.load(answer)
        return {"reads": int(data["reads"]), "writes": int(data["writes"])}


@contextmanager
def emulated(
    folder: Path, datacentre: Mapping[str, Any], fill: Callable[[Cluster], None]
) -> Iterator[Emulated]:
    """Run an emulator whose state ``fill`` completed, until the block ends; its token may do everything."""
    state, described = State(folder=folder), folder / "datacentre.yml"
    described.write_text(yaml.safe_dump(dict(datacentre)))
    ensure_certificates(state)
    _prepare(state.database, datacentre, fill)
    port, admin = free_port(), free_port()
    command = [sys.executable, "-m", "lab.pve", "--datacentre", str(described), "--port", str(port)]
    command += ["--state", str(state.database), "--admin-port", str(admin)]
    command += ["--cert", str(state.certificate), "--key", str(state.key)]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL)
    try:
        _await(process, port)
        yield Emulated(settings=_settings(port, state.ca), admin_port=admin)
    finally:
        process.terminate()
        process.wait(20)


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _prepare(path: Path, datacentre: Mapping[str, Any], fill: Callable[[Cluster], None]) -> None:
    cluster = Cluster.open(path, clock=Clock(), backend=MemoryBackend())
    seed(cluster, datacentre)
    table = cluster.store.table
    table("users")[USER] = {"enable": 1}
    table("tokens")[f"{USER}!{TOKEN}"] = {"privsep": 0, "secret": hash_token(SECRET)}
    table("acl")["/"] = {"users": {USER: {"Administrator": 1}}, "groups": {}, "tokens": {}}
    fill(cluster)
    cluster.store.close()


def _settings(port: int, ca: Path) -> ApiSettings:
    return ApiSettings(
        host="127.0.0.1", port=port, user=USER, token_id=TOKEN, token_secret=SECRET, ca_file=str(ca)
    )


def _await(process: subprocess.Popen[bytes], port: int) -> None:
    deadline = time.monotonic() + 30
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            if process.poll() is not None or time.monotonic() > deadline:
                raise SystemExit(f"bench: the emulator does not listen on port {port}") from None
            time.sleep(0.05)
        else:
            return
