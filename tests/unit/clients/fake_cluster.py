# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A cluster in memory behind the client's own methods: no network, faults at chosen calls."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from ansible_collections.ent.renfort.plugins.module_utils.proxmox import Client
from ansible_collections.ent.renfort.plugins.module_utils.proxmox_errors import (
    ProxmoxError,
    from_answer,
    from_text,
)
from ansible_collections.ent.renfort.plugins.module_utils.proxmox_options import ApiSettings

KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIF+zsNrcOVhoPb24m4a7+Vdxc1zeFgeDBHS6ULloQyKE root@guest\n"

TEMPLATE = {
    "name": "debian-13",
    "memory": "512",
    "cores": 1,
    "boot": "order=scsi0",
    "net0": "virtio=BC:24:11:79:04:81,bridge=vmbr0",
    "scsi0": "vmdata:9000/base-9000-disk-0.raw,size=2G",
    "agent": "enabled=1",
    "template": 1,
}


@dataclass
class FakeGuest:
    node: str
    config: dict[str, Any]
    pool: str = ""
    status: str = "stopped"
    agent_silent: int = 0
    waiting: dict[str, Any] = field(default_factory=dict)
    stubborn: frozenset[str] = frozenset()


@dataclass
class Fault:
    """Refuse calls that match with this text; ``after`` lets the call take effect first."""

    call: str
    text: str
    times: int = 1
    after: bool = False


class FakeCluster(Client):
    """A client whose calls end in this object; UPIDs are done as soon as they are given."""

    def __init__(self, *, read_only: bool = False) -> None:
        settings = ApiSettings(host="fake", user="u@pve", token_id="t", token_secret="s")
        super().__init__(settings, read_only=read_only, sleep=lambda _seconds: None)
        self.guests = {9000: FakeGuest("pve1", dict(TEMPLATE))}
        self.nodes = {f"pve{number}": "online" for number in range(1, 5)}
        self.faults: list[Fault] = []
        self.calls: list[str] = []
        self.agent_silent = 2
        self.maintenance: set[str] = set()
        self.blind = False
        self.lagging = 0
        self.fault_kind: type[ProxmoxError] = ProxmoxError
        self.after_fault: Callable[[], None] = lambda: None
        self._mutex = threading.RLock()

    def writes_sent(self) -> list[str]:
        return [call for call in self.calls if not call.startswith("GET")]

    def _call(self, verb: str, path: str, fields: dict[str, Any], doing: str) -> Any:
        call = f"{verb.upper()} {path}"
        with self._mutex:
            if "/tasks/" not in path:
                self.calls.append(call)
            fault = next((item for item in self.faults if item.times and re.search(item.call, call)), None)
            if fault and not fault.after:
                fault.times -= 1
                self.after_fault()
                raise from_text(doing=doing, text=fault.text, default=self.fault_kind)
            answer = self._answer(verb, path, fields, doing)
            if fault:
                fault.times -= 1
                raise from_text(doing=doing, text=fault.text, default=self.fault_kind)
            return answer

    def _answer(self, verb: str, path: str, fields: dict[str, Any], doing: str) -> Any:
        for pattern, method in ROUTES:
            found = re.fullmatch(pattern, f"{verb.upper()} {path}")
            if found:
                return method(self, *found.groups(), fields, doing)
        raise AssertionError(f"the fake has no {verb} {path}")

    def _guest(self, node: str, vmid: str, doing: str) -> FakeGuest:
        guest = self.guests.get(int(vmid))
        if guest is None or guest.node != node:
            text = f"Configuration file 'nodes/{node}/qemu-server/{vmid}.conf' does not exist"
            raise from_text(doing=doing, text=text)
        return guest

    def resources(self, _fields: dict[str, Any], _doing: str) -> list[dict[str, Any]]:
        nodes = [
            {"type": "node", "node": name, "status": status, "maxcpu": 16, "maxmem": 64 * 1024**3}
            for name, status in self.nodes.items()
        ]
        guests = [
            {
                "type": "qemu",
                "vmid": vmid,
                "node": guest.node,
                "name": guest.config["name"],
                "status": guest.status,
                "tags": guest.config.get("tags", ""),
                "pool": guest.pool,
                "template": guest.config.get("template", 0),
                "maxmem": int(guest.config["memory"]) * 1024**2,
            }
            for vmid, guest in self.guests.items()
        ]
        if self.lagging:
            self.lagging -= 1
            guests = [guest | {"name": "", "status": "unknown"} for guest in guests]
        return [*nodes, *guests]

    def config(self, node: str, vmid: str, _fields: dict[str, Any], doing: str) -> dict[str, Any]:
        return dict(self._guest(node, vmid, doing).config)

    def pending(self, node: str, vmid: str, _fields: dict[str, Any], doing: str) -> list[dict[str, Any]]:
        guest = self._guest(node, vmid, doing)
        rows = {key: {"key": key, "value": value} for key, value in guest.config.items()}
        for key, value in guest.waiting.items():
            rows.setdefault(key, {"key": key})["pending"] = value
        return list(rows.values())

    def manager_status(self, _fields: dict[str, Any], doing: str) -> dict[str, Any]:
        if self.blind:
            raise from_answer(doing=doing, status=403, text="Permission check failed (/, Sys.Audit)")
        return {"manager_status": {"node_status": dict.fromkeys(self.maintenance, "maintenance")}}

    def current(self, node: str, vmid: str, _fields: dict[str, Any], doing: str) -> dict[str, Any]:
        return {"status": self._guest(node, vmid, doing).status}

    def clone(self, node: str, vmid: str, fields: dict[str, Any], doing: str) -> str:
        source = self._guest(node, vmid, doing)
        if fields["newid"] in self.guests:
            text = f"unable to create VM {fields['newid']}: config file already exists"
            raise from_text(doing=doing, text=text)
        config = {key: value for key, value in source.config.items() if key != "template"}
        config |= {"name": fields["name"], "description": fields["description"]}
        guest = FakeGuest(fields["target"], config, fields.get("pool", ""), agent_silent=self.agent_silent)
        self.guests[fields["newid"]] = guest
        return f"UPID:{node}:clone:{fields['newid']}:"

    def configure(self, node: str, vmid: str, fields: dict[str, Any], doing: str) -> None:
        guest = self._guest(node, vmid, doing)
        for key in fields.pop("delete", "").split(","):
            guest.config.pop(key, None)
        guest.waiting |= {key: fields.pop(key) for key in guest.stubborn & fields.keys()}
        guest.config |= fields

    def resize(self, node: str, vmid: str, fields: dict[str, Any], doing: str) -> str:
        config = self._guest(node, vmid, doing).config
        config[fields["disk"]] = re.sub(r"size=\w+", f"size={fields['size']}", config[fields["disk"]])
        return f"UPID:{node}:resize:{vmid}:"

    def start(self, node: str, vmid: str, _fields: dict[str, Any], doing: str) -> str:
        self._guest(node, vmid, doing).status = "running"
        return f"UPID:{node}:start:{vmid}:"

    def shutdown(self, node: str, vmid: str, _fields: dict[str, Any], doing: str) -> str:
        self._guest(node, vmid, doing).status = "stopped"
        return f"UPID:{node}:shutdown:{vmid}:"

    def file_read(self, node: str, vmid: str, _fields: dict[str, Any], doing: str) -> dict[str, Any]:
        guest = self._guest(node, vmid, doing)
        if guest.status != "running" or guest.agent_silent:
            guest.agent_silent -= 1
            raise from_text(doing=doing, text="QEMU guest agent is not running")
        return {"content": KEY}

    def pool(self, name: str, fields: dict[str, Any], _doing: str) -> None:
        self.guests[int(fields["vms"])].pool = name

    def task(self, _node: str, _fields: dict[str, Any], _doing: str) -> dict[str, str]:
        return {"status": "stopped", "exitstatus": "OK"}


ROUTES: list[tuple[str, Callable[..., Any]]] = [
    (r"GET cluster/resources", FakeCluster.resources),
    (r"GET nodes/(\w+)/qemu/(\d+)/config", FakeCluster.config),
    (r"GET nodes/(\w+)/qemu/(\d+)/pending", FakeCluster.pending),
    (r"GET cluster/ha/status/manager_status", FakeCluster.manager_status),
    (r"GET cluster/tasks", lambda _cluster, _fields, _doing: []),
    (r"GET nodes/(\w+)/qemu/(\d+)/status/current", FakeCluster.current),
    (r"POST nodes/(\w+)/qemu/(\d+)/clone", FakeCluster.clone),
    (r"PUT nodes/(\w+)/qemu/(\d+)/config", FakeCluster.configure),
    (r"PUT nodes/(\w+)/qemu/(\d+)/resize", FakeCluster.resize),
    (r"POST nodes/(\w+)/qemu/(\d+)/status/start", FakeCluster.start),
    (r"POST nodes/(\w+)/qemu/(\d+)/status/shutdown", FakeCluster.shutdown),
    (r"GET nodes/(\w+)/qemu/(\d+)/agent/file-read", FakeCluster.file_read),
    (r"PUT pools/(\w+)", FakeCluster.pool),
    (r"GET nodes/(\w+)/tasks/.*/status", FakeCluster.task),
]
