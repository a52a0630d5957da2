# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The parts that the tests play with: relays, a machine that sends, and the internet's mail servers."""

from __future__ import annotations

import json
import time
import urllib.parse
import urllib.request
from collections.abc import Callable
from typing import Any

import testinfra
from testinfra.host import Host

RELAYS = {"smtp-1": "10.84.0.61", "smtp-2": "10.84.0.62"}
SINK = "http://10.84.0.63:8025"


def machine(name: str) -> Host:
    return testinfra.get_host(f"podman://{name}")


def send(relay: str, *, via: str = "smtp-client", port: int = 25, **options: Any) -> dict[str, Any]:
    """What a relay said to messages of one run, by the program on a machine."""
    words = [f"--{name}={value}" for name, value in options.items()]
    command = f"send.py {RELAYS[relay]}:{port} {' '.join(words)}"
    result: dict[str, Any] = json.loads(machine(via).check_output(command))
    return result


def messages(**filters: str) -> list[dict[str, Any]]:
    """What arrived."""
    query = urllib.parse.urlencode(
        {"limit": 1000, "raw": 1, **{key.rstrip("_"): it for key, it in filters.items()}}
    )
    with urllib.request.urlopen(f"{SINK}/messages?{query}", timeout=20) as reply:
        found: list[dict[str, Any]] = json.load(reply)
    return found


def tally(domain: str) -> dict[str, int]:
    """What the servers of a domain did."""
    with urllib.request.urlopen(f"{SINK}/counts", timeout=20) as reply:
        domains: dict[str, dict[str, int]] = json.load(reply)["domains"]
    return domains.get(domain, dict.fromkeys(("accepted", "deferred", "duplicates", "most_at_once"), 0))


def until(condition: Callable[[], Any], seconds: float = 30) -> Any:
    """What a condition becomes within a time, as soon as it is true."""
    limit = time.monotonic() + seconds
    while not (result := condition()):
        if time.monotonic() > limit:
            return result
        time.sleep(0.3)
    return result


def figures(relay: str) -> dict[str, float]:
    """Prometheus series → value."""
    with urllib.request.urlopen(f"http://{RELAYS[relay]}:9154/metrics", timeout=20) as reply:
        lines = reply.read().decode().splitlines()
    return {line.rsplit(" ", 1)[0]: float(line.rsplit(" ", 1)[1]) for line in lines if line[:1] != "#"}
