# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Guests that are there from the beginning, without any call having made them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..storage import config as storages
from ..storage import volumes
from . import guests, values
from .disks import CLOUDINIT_SIZE
from .properties import format_size

if TYPE_CHECKING:
    from ..cluster import Cluster

IMAGE_DATA = 600 * 1024**2
"""What a minimal installed system takes of its disk."""


def plant_template(
    cluster: Cluster,
    *,
    vmid: int,
    name: str,
    node: str,
    image: str,
    storage: str,
    bridge: str = "vmbr0",
    disk_gib: float = 4,
    cores: int = 1,
    memory_mib: int = 1024,
) -> guests.Row:
    """Put a template with a cloud-init drive, the agent and one card into the store.

    ``image`` is the machine image that clones of the template boot from. A template that is there
    already is left as it is.
    """
    known = guests.anywhere(cluster, vmid)
    if known is not None:
        return known
    config = {
        "name": name,
        "template": 1,
        "memory": str(memory_mib),
        "cores": cores,
        "ostype": "l26",
        "scsihw": "virtio-scsi-pci",
        "net0": values.complete_net(f"virtio,bridge={bridge}"),
        "serial0": "socket",
        "vga": "serial0",
        "agent": "enabled=1",
        "boot": "order=scsi0",
        "smbios1": f"uuid={values.new_uuid()}",
        "vmgenid": values.new_uuid(),
        "meta": values.meta(cluster.clock.now()),
    }
    config |= _drives(cluster, vmid, node, storage, int(disk_gib * 1024**3))
    return guests.save(cluster, guests.row_of(vmid, node, config, image=image))


def _drives(cluster: Cluster, vmid: int, node: str, storage: str, size: int) -> dict[str, str]:
    """Write the rows of the template's volumes and return its drives."""
    in_files = storages.is_file_based(storages.get(cluster, storage))
    folder, suffix = (f"{vmid}/", ".qcow2") if in_files else ("", "")
    disk = f"{storage}:{folder}base-{vmid}-disk-0{'.raw' if in_files else ''}"
    drive = f"{storage}:{folder}vm-{vmid}-cloudinit{suffix}"
    for volid, length in ((disk, size), (drive, CLOUDINIT_SIZE)):
        volume = {
            "volid": volid,
            "storage": storage,
            "vmid": vmid,
            "content": "images",
            "format": "qcow2" if volid.endswith(".qcow2") else "raw",
            "size": length,
            "used": min(length, IMAGE_DATA),
            "ctime": int(cluster.clock.now()),
            "parent": None,
        }
        volumes.insert(cluster, node, volume)
    return {"scsi0": f"{disk},discard=on,size={format_size(size)}", "ide2": f"{drive},media=cdrom"}
