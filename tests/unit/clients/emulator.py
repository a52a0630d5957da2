# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The Proxmox VE emulator with guests in memory, over TLS in a thread of this process."""

from __future__ import annotations

import asyncio
import ssl
import threading
from pathlib import Path
from typing import Any

import yaml

from ansible_collections.ent.renfort.plugins.module_utils.proxmox_options import ApiSettings
from lab.guests.memory import MemoryBackend
from lab.pve.app import Api
from lab.pve.auth import hash_token
from lab.pve.clock import Clock
from lab.pve.cluster import Cluster
from lab.pve.http import serve
from lab.pve.qemu.guests import row_of
from lab.pve.seed import seed

ROOT = Path(__file__).resolve().parents[3]

SECRET = "00000000-0000-0000-0000-000000000001"

TEMPLATE_DISK = {
    "volid": "vmdata:9000/base-9000-disk-0.raw",
    "storage": "vmdata",
    "vmid": 9000,
    "content": "images",
    "format": "raw",
    "size": 2 * 1024**3,
    "used": 1024**3,
    "ctime": 0,
    "parent": None,
    "node": "",
}

TEMPLATE = {
    "name": "debian-13",
    "memory": "2048",
    "cores": 2,
    "boot": "order=scsi0",
    "scsihw": "virtio-scsi-pci",
    "net0": "virtio=BC:24:11:79:04:81,bridge=vmbr0",
    "scsi0": "vmdata:9000/base-9000-disk-0.raw,size=2G",
    "ide2": "vmdata:9000/vm-9000-cloudinit.qcow2,media=cdrom",
    "agent": "enabled=1",
    "template": 1,
}

PRIVILEGES = {
    "/nodes": ["Sys.Audit"],
    "/vms": ["VM.Audit"],
    "/vms/9000": ["VM.Audit", "VM.Clone"],
    "/storage/vmdata": ["Datastore.AllocateSpace", "Datastore.Audit"],
    "/sdn/zones/localnetwork": ["SDN.Use"],
    "/pool/renfort": [
        "VM.Allocate",
        "VM.Config.Options",
        "VM.Config.CPU",
        "VM.Config.Memory",
        "VM.Config.Network",
        "VM.Config.Disk",
        "VM.PowerMgmt",
        "VM.Monitor",
        "Pool.Audit",
        "Pool.Allocate",
    ],
}
"""What docs/reference/privileges.md gives the token, by path."""


class Emulator:
    """One cluster of four nodes with a template; the token holds what the privileges page lists."""

    def __init__(self, certificate: Path, *, speed: float = 50.0) -> None:
        self._certificate = certificate
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever)
        self._thread.start()
        self.cluster = self._run(self._open(speed))

    def close(self) -> None:
        self._run(self._close())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def settings(self) -> ApiSettings:
        return ApiSettings(
            host="127.0.0.1",
            port=self._server.port,
            user="renfort@pve",
            token_id="ops",
            token_secret=SECRET,
            ca_file=str(self._certificate),
        )

    def counted(self) -> dict[str, int]:
        """Reading and writing calls so far."""
        data = self.api.counters.to_data()
        return {"reads": data["reads"], "writes": data["writes"]}

    def table(self, name: str) -> Any:
        return self.cluster.store.table(name)

    def withdraw(self, path: str, privilege: str) -> None:
        """Take one privilege from the token."""
        role = f"On{path.replace('/', '-')}"
        held = [name for name in PRIVILEGES[path] if name != privilege]
        self.write("roles", role, {"privs": held})

    def write(self, table: str, key: str, row: dict[str, Any]) -> None:
        """Replace a row, in the thread that the store belongs to."""

        async def replace() -> None:
            self.table(table)[key] = row

        self._run(replace())

    def _run(self, work: Any) -> Any:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(timeout=30)

    async def _open(self, speed: float) -> Cluster:
        cluster = Cluster.open(None, clock=Clock(speed), backend=MemoryBackend())
        fill(cluster)
        self.api = Api(cluster)
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        tls.load_cert_chain(self._certificate)
        self._server = await serve(self.api, host="127.0.0.1", port=0, tls=tls)
        return cluster

    async def _close(self) -> None:
        closing = asyncio.ensure_future(self._server.close())
        # Idle TLS connections take half a minute to say good-bye.
        await asyncio.wait({closing}, timeout=0.1)
        closing.cancel()
        await self.cluster.close()


def fill(cluster: Cluster) -> None:
    """The lab's datacentre with its template, and a token with just the documented privileges."""
    seed(cluster, yaml.safe_load((ROOT / "lab" / "datacentre.yml").read_text(encoding="utf-8")))
    table = cluster.store.table
    table("volumes")["/" + TEMPLATE_DISK["volid"]] = TEMPLATE_DISK
    cloudinit = {"volid": "vmdata:9000/vm-9000-cloudinit.qcow2", "format": "qcow2", "size": 4 * 1024**2}
    table("volumes")["/" + cloudinit["volid"]] = TEMPLATE_DISK | cloudinit
    table("guests")["9000"] = row_of(9000, "pve1", TEMPLATE, image="debian-13")
    table("users")["renfort@pve"] = {"enable": 1}
    table("tokens")["renfort@pve!ops"] = {"privsep": 0, "secret": hash_token(SECRET)}
    for path, privileges in PRIVILEGES.items():
        role = f"On{path.replace('/', '-')}"
        table("roles")[role] = {"privs": privileges}
        table("acl")[path] = {"users": {"renfort@pve": {role: 1}}, "groups": {}, "tokens": {}}
