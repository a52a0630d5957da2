# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Plays cloud-init with a seed in a guest's drive: the agent is installed, or the guest gives up.

A guest whose disk came from a cloud image has no agent: its row's ``image`` says so.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from lab.guests.base import BackendError, ExecResult

from ..storage import volumes
from . import guests
from .properties import Drive
from .values import drive_keys

if TYPE_CHECKING:
    from ..cluster import Cluster

AGENT = "qemu-guest-agent"
INSTALL_S = 8.0
"""Emulated seconds that the first boot takes."""

OPTION = "first-boot"
"""The row of the table ``options`` that says how first boots go: whether a ``mirror`` answers, the ``errors``
that cloud-init reports, the ``seconds`` that it takes."""

_WITHOUT = "+without-agent"
_RESULT = "/run/cloud-init/result.json"
_WRITE = 'cat > "$1"'
_COMMAND = """\
#!/bin/sh
# Stands for cloud-init, whose work the lab does.
[ "$1" = clean ] || exit 0
rm -rf /var/lib/cloud /run/cloud-init/result.json
case " $* " in *" --machine-id "*) echo uninitialized > /etc/machine-id ;; esac
"""


def without_agent(image: str) -> str:
    """The content of a disk with this system and no agent in it."""
    return f"{image}{_WITHOUT}"


def has_agent(row: Mapping[str, Any]) -> bool:
    """Whether the guest's system has the agent."""
    return not str(row["image"]).endswith(_WITHOUT)


def system(row: Mapping[str, Any]) -> str:
    """The guest's system alone."""
    return str(row["image"]).removesuffix(_WITHOUT)


def boot(cluster: Cluster, row: guests.Row) -> None:
    """Let cloud-init work in a guest that has just started, where a seed is in its drive."""
    seed = _seed(cluster, row)
    if seed is not None and system(row):
        cluster.processes.start(row["vmid"], _play(cluster, row["vmid"], seed))


def _seed(cluster: Cluster, row: guests.Row) -> Mapping[str, Any] | None:
    for key in drive_keys(row["config"]):
        drive = Drive.parse(str(row["config"][key]))
        if drive.is_cdrom and drive.storage:
            volume = volumes.find(cluster, row["node"], drive.file)
            if volume is not None and volume.get("seed"):
                return dict(volume["seed"])
    return None


async def _play(cluster: Cluster, vmid: int, seed: Mapping[str, Any]) -> ExecResult:
    said: Mapping[str, Any] = cluster.store.table("options").get(OPTION, {})
    await cluster.clock.sleep(float(said.get("seconds", INSTALL_S)))
    row = guests.anywhere(cluster, vmid)
    if row is None or not guests.is_running(row):
        return ExecResult(exitcode=0)
    if AGENT in seed.get("packages", ()) and said.get("mirror", True):
        row = guests.save(cluster, row | {"image": system(row)})
    if has_agent(row):
        with suppress(BackendError):
            await _leave(cluster, vmid, list(said.get("errors", ())))
    elif "poweroff" in json.dumps(seed.get("runcmd", [])):
        await _power_off(cluster, row)
    return ExecResult(exitcode=0)


async def _leave(cluster: Cluster, vmid: int, errors: list[str]) -> None:
    """Write what cloud-init leaves, as soon as the guest is up."""
    while not await cluster.backend.agent_ping(vmid):
        await cluster.clock.sleep(0.5)
    result = {"v1": {"datasource": "DataSourceNoCloud [seed=/dev/sr0]", "errors": errors}}
    make = ["/bin/mkdir", "-p", "/run/cloud-init"]
    await cluster.backend.agent_exec(vmid, make)
    for path, text in (("/usr/local/bin/cloud-init", _COMMAND), (_RESULT, json.dumps(result))):
        await cluster.backend.agent_exec(vmid, ["/bin/sh", "-c", _WRITE, "sh", path], text.encode())
        await cluster.backend.agent_exec(vmid, ["/bin/chmod", "0755", path])


async def _power_off(cluster: Cluster, row: guests.Row) -> None:
    await cluster.backend.stop(row["vmid"])
    guests.save(cluster, row | {"status": "stopped", "started": None, "pid": 0})
