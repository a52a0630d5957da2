# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The Proxmox VE emulator with guests in memory, over TLS in a thread of this process."""

from __future__ import annotations

import asyncio
import hashlib
import http.server
import ssl
import threading
from dataclasses import replace
from pathlib import Path
from typing import Any

import yaml

from ansible_collections.ent.renfort.plugins.module_utils.core.privileges import (
    Duty,
    Places,
    privileges_by_path,
)
from ansible_collections.ent.renfort.plugins.module_utils.proxmox_options import ApiSettings
from lab.guests.memory import MemoryBackend
from lab.images import cloud
from lab.pve.app import Api
from lab.pve.auth import hash_token
from lab.pve.clock import Clock
from lab.pve.cluster import Cluster
from lab.pve.faults import Rule
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

PLACES = Places(
    pools=("renfort",),
    templates=("9000",),
    storages=("vmdata",),
    images=("local",),
    nodes=("pve1",),
    bridges=("vmbr0", "vmbr2"),
)
"""Where the tests work."""

PRIVILEGES = privileges_by_path(Duty.GUESTS, PLACES)
"""What docs/reference/privileges.md gives the everyday token, by path."""

MAKER_PLACES = replace(PLACES, bridges=("vmbr0",))

MAKER_PRIVILEGES = privileges_by_path(Duty.TEMPLATES, MAKER_PLACES)
"""The same of the token that makes templates."""

ROOT_PASSWORD = "of the administrator"


IMAGE_FILE = "debian-13-genericcloud-amd64.qcow2"

IMAGE = cloud.content(IMAGE_FILE) or b""

IMAGE_SHA512 = hashlib.sha512(IMAGE).hexdigest()


class Mirror(http.server.BaseHTTPRequestHandler):
    """Serves the cloud image, whatever is asked for."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", str(len(IMAGE)))
        self.end_headers()
        self.wfile.write(IMAGE)

    def log_message(self, format: str, *args: object) -> None:
        """Stay silent."""


class Emulator:
    """One cluster of four nodes with a template; the tokens hold what the privileges page lists.

    A ``bare`` one has neither template nor pool, and knows nobody but its administrator.
    """

    def __init__(self, certificate: Path, *, speed: float = 50.0, bare: bool = False) -> None:
        self._certificate = certificate
        self._bare = bare
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

    def maker_settings(self) -> ApiSettings:
        """Those of the token that makes templates."""
        return replace(self.settings(), user="renfort-templates@pve", token_id="templates")

    def root_settings(self) -> ApiSettings:
        """Those of the administrator."""
        return replace(self.settings(), user="root@pam", token_secret="", password=ROOT_PASSWORD)

    def counted(self) -> dict[str, int]:
        """Reading and writing calls so far."""
        data = self.api.counters.to_data()
        return {"reads": data["reads"], "writes": data["writes"]}

    def table(self, name: str) -> Any:
        return self.cluster.store.table(name)

    def withdraw(self, path: str, privilege: str, user: str = "renfort@pve") -> None:
        """Take one privilege from a user's tokens."""
        role = role_on(path, user)
        held = [name for name in self.table("roles")[role]["privs"] if name != privilege]
        self.write("roles", role, {"privs": held})

    def write(self, table: str, key: str, row: dict[str, Any]) -> None:
        """Replace a row, in the thread that the store belongs to."""

        async def replace() -> None:
            self.table(table)[key] = row

        self._run(replace())

    def disturb(self, rule: Rule) -> None:
        """Put a fault in force."""
        self.cluster.faults.add(rule)

    def disturbed(self) -> bool:
        """Withdraw all faults; whether there were calls enough for the last one of them."""
        met = self.cluster.faults.met()
        self.cluster.faults.clear()
        return met

    def remove(self, table: str, key: str) -> None:
        """Remove a row, likewise."""

        async def drop() -> None:
            del self.table(table)[key]

        self._run(drop())

    def _run(self, work: Any) -> Any:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(timeout=30)

    async def _open(self, speed: float) -> Cluster:
        cluster = Cluster.open(None, clock=Clock(speed), backend=MemoryBackend())
        datacentre = yaml.safe_load((ROOT / "lab" / "datacentre.yml").read_text(encoding="utf-8"))
        if self._bare:
            datacentre |= {"pools": []}
        seed(cluster, datacentre, root_password=ROOT_PASSWORD)
        if not self._bare:
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
    """A template, and tokens with just the documented privileges."""
    table = cluster.store.table
    table("volumes")["/" + TEMPLATE_DISK["volid"]] = TEMPLATE_DISK
    cloudinit = {"volid": "vmdata:9000/vm-9000-cloudinit.qcow2", "format": "qcow2", "size": 4 * 1024**2}
    table("volumes")["/" + cloudinit["volid"]] = TEMPLATE_DISK | cloudinit
    table("guests")["9000"] = row_of(9000, "pve1", TEMPLATE, image="debian-13")
    for held, user, token in (
        (PRIVILEGES, "renfort@pve", "ops"),
        (MAKER_PRIVILEGES, "renfort-templates@pve", "templates"),
    ):
        table("users")[user] = {"enable": 1}
        table("tokens")[f"{user}!{token}"] = {"privsep": 0, "secret": hash_token(SECRET)}
        for path, privileges in held.items():
            role = role_on(path, user)
            table("roles")[role] = {"privs": list(privileges)}
            users = table("acl").get(path, {}).get("users", {})
            users = users | {user: {role: int(path != "/")}}
            table("acl")[path] = {"users": users, "groups": {}, "tokens": {}}


def role_on(path: str, user: str) -> str:
    """The name of the role that a user has on a path, which holds just what is granted there."""
    return f"{user.partition('@')[0]}-on{path.replace('/', '-')}"
