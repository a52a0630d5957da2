# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A Redfish service with servers behind it, as a process of its own."""

from __future__ import annotations

import base64
import json
import ssl
import subprocess
import sys
import urllib.request
from pathlib import Path
from typing import Any

import yaml

from ansible_collections.ent.renfort.plugins.module_utils.core.plan import Plan
from ansible_collections.ent.renfort.plugins.module_utils.inputs import load_plan, write_plan
from ansible_collections.ent.renfort.plugins.module_utils.redfish_options import BmcSettings
from lab.redfish.shelf import ShelfServer

ROOT = Path(__file__).resolve().parents[3]

USER, PASSWORD = "operator", "correct horse"


class Shelf:
    """The lab's Redfish service over TLS, its servers without machines behind them."""

    def __init__(self, folder: Path, certificate: Path, servers: dict[str, dict[str, Any]]) -> None:
        self.certificate = certificate
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "shelf.yml").write_text(yaml.safe_dump(servers))
        (folder / "password").write_text(PASSWORD)
        self._log = (folder / "log").open("wb")
        self._process = subprocess.Popen(
            [
                *(sys.executable, "-m", "lab.redfish", "--shelf", folder / "shelf.yml", "--port", "0"),
                *("--cert", certificate, "--user", USER, "--password-file", folder / "password"),
                *("--auth-file", folder / "auth"),
            ],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=self._log,
        )
        assert self._process.stdout is not None
        line = self._process.stdout.readline().decode()
        assert line.startswith("Redfish https://"), (folder / "log").read_text()
        self.url = line.split()[1]

    def close(self) -> None:
        self._process.terminate()
        self._process.wait(timeout=10)
        self._log.close()

    def settings(self, **changes: Any) -> BmcSettings:
        values = {"user": USER, "password": PASSWORD, "ca_file": str(self.certificate), **changes}
        return BmcSettings(**values)

    def bmc(self, name: str) -> str:
        """The URL of one server's system."""
        return f"{self.url}/redfish/v1/Systems/{ShelfServer(name=name, mac='').uuid}"

    def resets(self) -> dict[str, list[str]]:
        """What was done to the power of each server."""
        request = urllib.request.Request(f"{self.url}/shelf/resets", headers={"Authorization": _basic()})
        context = ssl.create_default_context(cafile=self.certificate)
        with urllib.request.urlopen(request, context=context, timeout=10) as answer:
            found: dict[str, list[str]] = json.load(answer)
            return found


def _basic() -> str:
    return "Basic " + base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()


def plan_of(path: Path, *servers: dict[str, Any]) -> Path:
    """Write a plan that puts servers into service; each states what matters."""
    data: dict[str, Any] = {name: [] for name in ("machines", "shortages", "served", "stages", "orders")}
    rows = [{"reason": "becomes a hypervisor for 3 planned machines", **server} for server in servers]
    write_plan(path, Plan.from_data(data | {"version": 2, "servers": rows}, file="test"))
    return path


def states(path: Path) -> dict[str, str]:
    """Return the state of every server of a plan file."""
    return {use.name: str(use.state) for use in load_plan(path).servers}
