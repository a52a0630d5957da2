# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an administrator did before the operators came: their token, and the first guests."""

from __future__ import annotations

import time
import urllib.parse
from collections.abc import Callable, Iterable

from ansible_collections.ent.renfort.plugins.module_utils.access import Request, ensure_access
from ansible_collections.ent.renfort.plugins.module_utils.core.access import Account
from ansible_collections.ent.renfort.plugins.module_utils.core.errors import RenfortError
from ansible_collections.ent.renfort.plugins.module_utils.core.privileges import Duty, Places
from ansible_collections.ent.renfort.plugins.module_utils.hostkeys import KnownHosts
from ansible_collections.ent.renfort.plugins.module_utils.proxmox import Client
from ansible_collections.ent.renfort.plugins.module_utils.proxmox_options import ApiSettings

from ..errors import LabError
from .api import API_PORT, Api
from .datacentre import Datacentre, FirstGuest
from .state import State

Report = Callable[[str], None]
USER = "renfort@pve"
TOKEN = "ops"
AGENT_SECONDS = 90.0
LIST_SECONDS = 30.0


def account(datacentre: Datacentre) -> Account:
    """The operators' account: the documented privileges, and no others."""
    places = Places(
        pools=datacentre.pools,
        templates=tuple(str(vmid) for vmid in datacentre.templates),
        storages=datacentre.storages,
        bridges=tuple(bridge.name for bridge in datacentre.bridges),
    )
    return Account(duty=Duty.GUESTS, user=USER, token=TOKEN, places=places)


def ensure_token(state: State, datacentre: Datacentre) -> bool:
    """Give the operators their pool, roles, user and token; whether anything was missing.

    Raises:
        LabError: the API refuses or does not answer.
    """
    root = Client(
        ApiSettings(
            host="127.0.0.1",
            port=API_PORT,
            user="root@pam",
            password=state.root_password.read_text(encoding="utf-8"),
            ca_file=str(state.ca),
        )
    )
    # A token whose secret got lost is of no use to anybody here.
    lost = not state.token.exists()
    request = Request(account=account(datacentre), token_file=state.token, renew=lost)
    try:
        return bool(ensure_access(root, request).changes)
    except RenfortError as error:
        raise LabError(error.message, hint=error.hint) from error


def ensure_guests(api: Api, state: State, guests: Iterable[FirstGuest], report: Report) -> int:
    """Make and boot the first guests, and record their ssh host keys; how many were touched."""
    present = {row["vmid"]: row for row in api.call("GET", "/cluster/resources", type="vm")}
    hosts = KnownHosts(state.known_hosts)
    ready = [guest for guest in guests if present.get(guest.vmid, {}).get("status") != "running"]
    for guest in ready:
        if guest.vmid not in present:
            report(f"guest {guest.vmid} {guest.name}: cloning from {guest.template} to {guest.node}")
            _make(api, guest, state.operator_key.with_suffix(".pub").read_text(encoding="utf-8"))
        report(f"guest {guest.vmid} {guest.name}: starting")
        api.task("POST", f"{_path(guest)}/status/start")
    unknown = [guest for guest in guests if guest in ready or guest.ip not in hosts.hosts()]
    for guest in unknown:
        hosts.record(guest.ip, _host_key(api, guest))
        report(f"guest {guest.vmid} {guest.name}: answers at {guest.ip}")
    if unknown:
        _await_list(api, unknown)
    return len(unknown)


def _await_list(api: Api, guests: Iterable[FirstGuest]) -> None:
    """Wait until the resource list, which lags and which the inventory reads, shows the guests running.

    Raises:
        LabError: it still does not.
    """
    wanted = {(guest.vmid, guest.name, "running") for guest in guests}
    deadline = time.monotonic() + LIST_SECONDS
    while True:
        rows = api.call("GET", "/cluster/resources", type="vm")
        late = wanted - {(row["vmid"], row.get("name"), row.get("status")) for row in rows}
        if not late:
            return
        if time.monotonic() > deadline:
            names = ", ".join(sorted(name for _, name, _ in late))
            raise LabError(
                f"The cluster's list does not show {names} as running after {LIST_SECONDS:.0f} s.",
                hint="`scripts/lab.py status` and `logs` tell more.",
            )
        time.sleep(0.5)


def _path(guest: FirstGuest) -> str:
    return f"/nodes/{guest.node}/qemu/{guest.vmid}"


def _make(api: Api, guest: FirstGuest, public_key: str) -> None:
    api.task(
        "POST",
        f"/nodes/{guest.template_node}/qemu/{guest.template}/clone",
        newid=guest.vmid,
        name=guest.name,
        target=guest.node,
        pool=guest.pool,
        full=0,
    )
    api.task(
        "POST",
        f"{_path(guest)}/config",
        cores=guest.cores,
        memory=guest.memory_mib,
        net0=f"virtio,bridge={guest.bridge}",
        tags=guest.tags,
        ciuser=guest.user,
        sshkeys=urllib.parse.quote(public_key.strip(), safe=""),
        ipconfig0=f"ip={guest.address},gw={guest.gateway}",
        nameserver=" ".join(guest.nameservers),
    )


def _host_key(api: Api, guest: FirstGuest) -> str:
    """The guest's ed25519 host key, read through the agent as soon as both are there."""
    deadline = time.monotonic() + AGENT_SECONDS
    while True:
        try:
            path = "/etc/ssh/ssh_host_ed25519_key.pub"
            return str(api.call("GET", f"{_path(guest)}/agent/file-read", file=path)["content"])
        except LabError as error:
            if time.monotonic() > deadline:
                raise LabError(
                    f"The guest {guest.vmid} {guest.name} has started and its agent does not answer:"
                    f" {error.message}",
                    hint="`scripts/lab.py shell` looks into it.",
                ) from error
            time.sleep(0.3)
