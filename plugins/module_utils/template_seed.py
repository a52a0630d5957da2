# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The seed of a template's first boot: a small CD-ROM from which cloud-init installs the guest agent."""

from __future__ import annotations

import hashlib
import io
from dataclasses import dataclass
from typing import Any

import yaml
from pycdlib import PyCdlib

from .core.template import mac_of

LABEL = "cidata"
"""The label by which cloud-init knows the disc."""

AGENT = "qemu-guest-agent"

START_OR_GIVE_UP = (
    "if command -v qemu-ga > /dev/null && systemctl start qemu-guest-agent; then exit 0; fi;"
    " cloud-init clean --logs; systemctl --no-block poweroff"
)
"""Without the agent nobody can ask the guest what went wrong: it ends, and may try again from the start."""

START_OVER = "cloud-init clean --logs"
"""After this the next boot is a first boot."""

FORGOT = "/run/renfort-forgot"
"""There, until its next boot, a guest that forgot is known: cloud-init forgets its own result as well."""

FORGET = (
    "apt-get clean && rm -f /etc/ssh/ssh_host_* && cloud-init clean --logs && : > /etc/machine-id"
    f" && echo yes > {FORGOT} && sync"
)
"""What the guest runs last, so that no clone is taken for another.

The machine id is emptied, not marked as uninitialized, which is what cloud-init's own option does: systemd
takes that for a first boot and applies its presets, by which a unit such as ssh.socket may be enabled beside
ssh.service.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class FirstBoot:
    """What the first boot needs. Without an ``address`` (with its prefix length) it asks DHCP.

    ``apt_mirror`` is a URL instead of the one that the image knows.
    """

    address: str = ""
    gateway: str = ""
    nameservers: tuple[str, ...] = ()
    apt_mirror: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Seed:
    """The disc and its file name, which tells one content from another."""

    name: str
    disc: bytes


def make_seed(vmid: int, first_boot: FirstBoot) -> Seed:
    """Return the disc for a template's first boot."""
    files = {"user-data": _user_data(first_boot)}
    if first_boot.address:
        files["network-config"] = _network(vmid, first_boot)
    digest = hashlib.sha256(repr(sorted(files.items())).encode()).hexdigest()[:12]
    files["meta-data"] = _yaml({"instance-id": f"renfort-template-{vmid}-{digest}"})
    return Seed(name=f"renfort-seed-{vmid}-{digest}.iso", disc=_disc(files))


def seed_prefix(vmid: int) -> str:
    """Return how the file names of all seeds of a template begin."""
    return f"renfort-seed-{vmid}-"


def _user_data(first_boot: FirstBoot) -> str:
    data: dict[str, Any] = {
        # With this, cloud-init makes no account of its own; an empty list is not allowed.
        "users": [{"name": "root", "lock_passwd": True}],
        "ssh_pwauth": False,
        "package_update": True,
        "packages": [AGENT],
        "runcmd": [["sh", "-c", START_OR_GIVE_UP]],
    }
    if first_boot.apt_mirror:
        data["apt"] = {"primary": [{"arches": ["default"], "uri": first_boot.apt_mirror}]}
    return "#cloud-config\n" + _yaml(data)


def _network(vmid: int, first_boot: FirstBoot) -> str:
    """The static address in the form that Proxmox VE itself gives to cloud-init."""
    subnet: dict[str, Any] = {"type": "static", "address": first_boot.address}
    if first_boot.gateway:
        subnet["gateway"] = first_boot.gateway
    if first_boot.nameservers:
        subnet["dns_nameservers"] = list(first_boot.nameservers)
    mac = mac_of(vmid).lower()
    card = {"type": "physical", "name": "eth0", "mac_address": mac, "subnets": [subnet]}
    return _yaml({"version": 1, "config": [card]})


def _yaml(data: dict[str, Any]) -> str:
    return str(yaml.safe_dump(data, sort_keys=False))


def _disc(files: dict[str, str]) -> bytes:
    """The disc with these files, by their own names for Linux (Rock Ridge) and for others (Joliet)."""
    disc = PyCdlib()
    disc.new(interchange_level=3, vol_ident=LABEL, rock_ridge="1.09", joliet=3)
    for number, (name, text) in enumerate(sorted(files.items())):
        data = text.encode()
        disc.add_fp(io.BytesIO(data), len(data), f"/FILE{number}.;1", rr_name=name, joliet_path=f"/{name}")
    written = io.BytesIO()
    disc.write_fp(written)
    disc.close()
    return written.getvalue()
