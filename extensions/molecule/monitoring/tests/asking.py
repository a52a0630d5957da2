# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""How the tests ask Prometheus, Alertmanager and the receiver of calls."""

from __future__ import annotations

import json
import shlex
import time
import urllib.parse
from collections.abc import Callable
from typing import Any

from testinfra.host import Host

ADDRESSES = {"monitoring-1": "10.84.0.81", "monitoring-2": "10.84.0.82"}
CURL = "curl --silent --show-error --max-time 20 --cacert /etc/renfort/tls/ca.crt"
CALLS = "/var/log/renfort-calls.jsonl"


def name_of(host: Host) -> str:
    return str(host.backend.get_hostname())


def ask(host: Host, path: str, port: int = 9090) -> str:
    """What Prometheus, or Alertmanager by its port, answers to somebody with a password."""
    url = f"https://{ADDRESSES[name_of(host)]}:{port}{path}"
    return str(host.check_output(f"{CURL} --fail --user prometheus:school {shlex.quote(url)}"))


def query(host: Host, expression: str) -> dict[str, float]:
    """The series that an expression gives: the values of their labels, joined, → value."""
    answer = json.loads(ask(host, "/api/v1/query?query=" + urllib.parse.quote(expression)))
    return {
        ",".join(value for label, value in sorted(it["metric"].items()) if label != "__name__"): float(
            it["value"][1]
        )
        for it in answer["data"]["result"]
    }


def until[T](read: Callable[[], T], good: Callable[[T], bool], seconds: float) -> T:
    """What is read once it is good, or at the end of the time."""
    limit = time.monotonic() + seconds
    while not good(found := read()) and time.monotonic() < limit:
        time.sleep(0.5)
    return found


def calls(watched: Host) -> list[dict[str, Any]]:
    """The messages that somebody got from the Alertmanagers."""
    return [json.loads(line) for line in watched.file(CALLS).content_string.splitlines()]


def alerts(host: Host) -> dict[tuple[str, str], str]:
    """What an Alertmanager knows: name and machine of an alert → its state."""
    found = json.loads(ask(host, "/api/v2/alerts", port=9093))
    return {
        (it["labels"]["alertname"], it["labels"].get("machine", "")): it["status"]["state"] for it in found
    }
