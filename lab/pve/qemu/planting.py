# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Guests that are there from the beginning, without any call having made them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..storage import config as storages
from ..storage import volumes
from . import guests, values
from .disks import CLOUDINIT_SIZE

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
) -> guests.Row:
    """Put a template with a cloud-init drive, the agent and one card into the store.

    ``image`` is the machine image that clones of the template boot from. A template that is there
    already is left as it is.
    """
    known = guests.anywhere(cluster, vmid)
    if known is not None:
        return known
    in_files = storages.is_file_based(storages.get(cluster, storage))
    size = int(disk_gib * 1024**3)
    disk = f"{storage}:{vmid}/base-{vmid}-disk-0.raw" if in_files else f"{storage}:base-{vmid}-disk-0"
    drive = f"{storage}:{vmid}/vm-{vmid}-cloudinit.qcow2" if in_files else f"{storage}:vm-{vmid}-cloudinit"
    for volid, fmt, length in ((disk, "raw", size), (drive, "qcow2", CLOUDINIT_SIZE)):
        volume = {
            "volid": volid,
            "storage": storage,
            "vmid": vmid,
            "content": "images",
            "format": fmt if in_files else "raw",
            "size": length,
            "used": min(length, IMAGE_DATA),
            "ctime": int(cluster.clock.now()),
            "parent": None,
        }
        volumes.insert(cluster, node, volume)
    config = {
        "name": name,
        "template": 1,
        "memory": "1024",
        "cores": 1,
        "ostype": "l26",
        "scsihw": "virtio-scsi-pci",
        "scsi0": f"{disk},discard=on,size={disk_gib:g}G",
        "ide2": f"{drive},media=cdrom",
        "net0": values.complete_net(f"virtio,bridge={bridge}"),
        "serial0": "socket",
        "vga": "serial0",
        "agent": "enabled=1",
        "boot": "order=scsi0",
        "smbios1": f"uuid={values.new_uuid()}",
        "vmgenid": values.new_uuid(),
        "meta": values.meta(cluster.clock.now()),
    }
    return guests.save(cluster, guests.row_of(vmid, node, config, image=image))
