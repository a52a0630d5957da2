# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the server writes itself into a configuration: tags in order, boot orders, ids, MACs."""

from __future__ import annotations

import hashlib
import re
import secrets
import uuid
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any

from .properties import Drive, Net, is_drive

QEMU_VERSION = "9.2.0"
MACHINE = "pc-i440fx-9.2+pve1"
MAC_PREFIX = "BC:24:11"

_BOOT_ORDER = [
    *(f"ide{n}" for n in range(4)),
    *(f"scsi{n}" for n in range(31)),
    *(f"virtio{n}" for n in range(16)),
    *(f"sata{n}" for n in range(6)),
]


def split_list(text: str) -> list[str]:
    """Split a list at commas, semicolons and white space."""
    return [part for part in re.split(r"[,;\s\0]+", text) if part]


def normalise_tags(text: str) -> str:
    """Tags as PUT stores them: lower case, sorted, once each."""
    return ";".join(sorted({tag.lower() for tag in split_list(text)}))


def random_mac(prefix: str = MAC_PREFIX) -> str:
    """A new MAC address with the datacentre's prefix."""
    missing = 6 - len(prefix.split(":"))
    return ":".join([prefix.upper(), *(f"{byte:02X}" for byte in secrets.token_bytes(missing))])


def complete_net(text: str, prefix: str = MAC_PREFIX, *, renew: bool = False) -> str:
    """The normal form of a network card, with a new MAC where it has none or ``renew`` says so."""
    net = Net.parse(text)
    mac = net.mac if net.mac and not renew else random_mac(prefix)
    return str(Net(model=net.model, mac=mac, options=net.options))


def new_uuid() -> str:
    """A random identifier."""
    return str(uuid.uuid4())


def meta(now: float) -> str:
    """The ``meta`` line of a guest created now."""
    return f"creation-qemu={QEMU_VERSION},ctime={int(now)}"


def renew_smbios(text: str) -> str:
    """The same SMBIOS information with a new identifier."""
    rest = [part for part in text.split(",") if part and not part.startswith("uuid=")]
    return ",".join([f"uuid={new_uuid()}", *rest])


def boot_devices(config: Mapping[str, Any]) -> list[str] | None:
    """The devices of ``order=``; None when the old form or nothing is there."""
    text = str(config.get("boot", ""))
    for part in text.split(","):
        if part.startswith("order="):
            return [device for device in part.removeprefix("order=").split(";") if device]
    return None


def print_boot(devices: Iterable[str]) -> str:
    """The value of ``boot``; an empty order reads back as one blank."""
    order = ";".join(devices)
    return f"order={order}" if order else " "


def default_boot(config: Mapping[str, Any]) -> str:
    """The order a new guest gets: first disk, first CD-ROM, first card."""
    drives = {key: Drive.parse(str(config[key])) for key in _BOOT_ORDER if key in config}
    disks = [key for key, drive in drives.items() if not drive.is_cdrom]
    cdroms = [key for key, drive in drives.items() if drive.is_cdrom and not drive.is_cloudinit]
    nets = sorted((key for key in config if re.match(r"^net\d+$", key)), key=lambda key: int(key[3:]))
    return print_boot([*disks[:1], *cdroms[:1], *nets[:1]])


def drive_keys(config: Mapping[str, Any]) -> list[str]:
    """The keys of drives, in the alphabetical order in which the server walks them."""
    return sorted(key for key in config if is_drive(key))


def memory_mib(config: Mapping[str, Any]) -> int:
    """The guest's memory, from ``512`` or ``current=512``."""
    return int(str(config.get("memory", 512)).rpartition("=")[2])


def cpu_count(config: Mapping[str, Any]) -> int:
    """The number of virtual CPUs a guest runs with."""
    return int(config.get("vcpus") or int(config.get("cores", 1)) * int(config.get("sockets", 1)))


def agent_enabled(config: Mapping[str, Any]) -> bool:
    """Whether the guest agent is switched on."""
    first = str(config.get("agent", "")).split(",")[0]
    return first.removeprefix("enabled=") == "1"


def first_disk_size(config: Mapping[str, Any]) -> int:
    """Bytes of the boot disk, what lists show as ``maxdisk``."""
    wanted = boot_devices(config) or ([str(config["bootdisk"])] if "bootdisk" in config else [])
    for key in wanted if wanted or config.get("boot") == " " else _BOOT_ORDER:
        if key in config and is_drive(key):
            size = _disk_size(str(config[key]))
            if size is not None:
                return size
    return 0


@lru_cache(maxsize=32768)
def _disk_size(text: str) -> int | None:
    """Bytes of a drive; None for a CD-ROM. Lists ask for every guest's again and again."""
    drive = Drive.parse(text)
    return None if drive.is_cdrom else drive.size


def digest(*sections: Mapping[str, Any]) -> str:
    """A hash of the content, whatever its order."""
    text = "\n".join(f"[{index}]\n{_section(section)}" for index, section in enumerate(sections))
    return hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest()


def _section(section: Mapping[str, Any]) -> str:
    return "\n".join(f"{key}: {section[key]}" for key in sorted(section))
