# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The values of a guest's configuration, compared by what they mean and not by how they are written."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from urllib.parse import quote, unquote

from .core.machine import OWNER_TAG, Machine
from .proxmox_cluster import split_tags

GIB = 1024**3
"""Bytes in a GiB."""

DATA_DISK = "scsi1"
"""The slot of a guest's data disk: by it, and not by the order of the disks, the guest knows it."""

_UNITS = {"": 1, "K": 1024, "M": 1024**2, "G": GIB, "T": 1024**4}

_OWN_TAG = re.compile(rf"{OWNER_TAG}|(tier|tenant|ip)-.*")


def options_of(text: object) -> dict[str, str]:
    """Return ``ip=10.0.0.2/24,gw=10.0.0.1`` as a mapping; a part without ``=`` maps to itself."""
    parts = (part.strip() for part in str(text or "").split(","))
    pairs = (part.partition("=") for part in parts if part)
    return {key: value if equals else key for key, equals, value in pairs}


def ssh_keys_of(text: object) -> tuple[str, ...]:
    """Return the keys of a percent-encoded ``sshkeys`` value, sorted, each once."""
    return distinct_keys(unquote(str(text or "")).splitlines())


def distinct_keys(lines: Iterable[str]) -> tuple[str, ...]:
    """Return public keys sorted, each once, with single spaces."""
    return tuple(sorted({" ".join(line.split()) for line in lines if line.strip()}))


def encode_ssh_keys(keys: Iterable[str]) -> str:
    """Return keys as Proxmox VE wants them: percent-encoded, a space as ``%20``, before any form encoding."""
    return quote("\n".join(keys), safe="")


def servers_of(text: object) -> tuple[str, ...]:
    """Return the name servers of a value, in their order, which matters."""
    return tuple(part for part in re.split(r"[,;\s]+", str(text or "")) if part)


def memory_mib_of(text: object) -> int:
    """Return the MiB of ``2048`` or ``current=2048``; Proxmox VE's own default is 512."""
    value = options_of(text or "512")
    return int(value.get("current") or next(iter(value)))


def cores_of(config: Mapping[str, object]) -> int:
    """Return the number of virtual processors: cores of each socket times sockets."""
    return int(str(config.get("cores") or 1)) * int(str(config.get("sockets") or 1))


def agent_is_on(text: object) -> bool:
    """Tell whether an ``agent`` value (``1``, ``enabled=1,type=virtio``) switches the agent on."""
    parts = str(text or "0").split(",")
    return any(part.strip() in ("1", "enabled=1") for part in parts)


def hotplug_of(config: Mapping[str, object]) -> frozenset[str]:
    """Return what may be plugged into a running guest; Proxmox VE's own default is network, disk and usb."""
    text = str(config.get("hotplug", "1"))
    if text == "1":
        return frozenset(("network", "disk", "usb"))
    return frozenset() if text == "0" else frozenset(text.split(","))


def bridge_of(net: object) -> str:
    """Return the bridge of a ``net0`` value."""
    return options_of(net).get("bridge", "")


def net_with_bridge(net: object, bridge: str) -> str:
    """Return a ``net0`` value plugged into another bridge, its model, MAC address and options kept."""
    options = options_of(net)
    if not options:
        return f"virtio,bridge={bridge}"
    options["bridge"] = bridge
    return ",".join(key if key == value else f"{key}={value}" for key, value in options.items())


def bytes_of(size: str) -> int:
    """Return the bytes of ``8G``, ``1199M`` or ``1024``; 0 when the text is no size."""
    found = re.fullmatch(r"(\d+(?:\.\d+)?)([KMGT]?)", size.strip())
    return int(float(found[1]) * _UNITS[found[2]]) if found else 0


def boot_disk(config: Mapping[str, object]) -> tuple[str, dict[str, str]]:
    """Return the key and the options of the disk that a guest boots from, or ``("", {})``.

    The options hold ``volume`` (``vmdata:900/vm-900-disk-0.raw``) beside the written ones.
    """
    order = options_of(config.get("boot")).get("order", "").split(";")
    for key in [*order, "scsi0", "virtio0", "sata0", "ide0"]:
        text = str(config.get(key) or "")
        if re.fullmatch(r"(scsi|virtio|sata|ide)\d+", key) and text and not is_cdrom(text):
            return key, drive_of(text)
    return "", {}


def drive_of(text: object) -> dict[str, str]:
    """Return the options of a drive, its ``volume`` among them; empty when there is none."""
    volume, _, rest = str(text or "").partition(",")
    return {"volume": volume, **options_of(rest)} if volume else {}


def is_cdrom(text: object) -> bool:
    """Tell whether a drive is a CD, as those of cloud-init are."""
    return "media=cdrom" in str(text or "").split(",")


def storage_of(disk: Mapping[str, str]) -> str:
    """Return the storage that holds a disk."""
    return disk.get("volume", "").partition(":")[0]


def merged_tags(live: object, machine: Machine) -> tuple[str, ...]:
    """Return the tags that a guest must carry: its machine's, and those that people added."""
    foreign = {tag for tag in split_tags(live) if not _OWN_TAG.fullmatch(tag)}
    return tuple(sorted(foreign | set(machine.tags)))
