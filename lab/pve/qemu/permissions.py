# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which privilege each part of a guest's configuration needs."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from ..errors import ApiError, ForbiddenError, ServerError
from ..storage import config as storages
from ..storage import volumes
from .properties import Drive, Net, is_drive
from .values import drive_keys, split_list

if TYPE_CHECKING:
    from ..call import Identity
    from ..cluster import Cluster

_CLASSES: dict[str, tuple[str, ...]] = {
    "VM.Config.CPU": ("cores", "cpu", "cpulimit", "cpuunits", "numa", "smp", "sockets", "vcpus"),
    "VM.Config.Memory": ("memory", "balloon", "shares"),
    "VM.Config.HWType": (
        "acpi",
        "hotplug",
        "kvm",
        "machine",
        "scsihw",
        "smbios1",
        "tablet",
        "vga",
        "watchdog",
        "audio0",
    ),
    "VM.Config.Options": (
        "agent",
        "autostart",
        "bios",
        "description",
        "keyboard",
        "localtime",
        "migrate_downtime",
        "migrate_speed",
        "name",
        "onboot",
        "ostype",
        "protection",
        "reboot",
        "startdate",
        "startup",
        "tdf",
        "template",
        "spice_enhancements",
    ),
    "VM.PowerMgmt": ("freeze",),
    "VM.Config.Disk": ("boot", "bootdisk", "vmstatestorage"),
}
_PRIVILEGE = {option: privilege for privilege, options in _CLASSES.items() for option in options}

CLOUDINIT_OPTIONS = frozenset(
    (
        "cicustom",
        "cipassword",
        "citype",
        "ciupgrade",
        "ciuser",
        "nameserver",
        "searchdomain",
        "sshkeys",
    )
)
_BY_VALUE = re.compile(r"^(?:unused|serial|usb|hostpci)\d+$")


def is_cloudinit_option(option: str) -> bool:
    """Whether the option is one of the cloud-init drive's."""
    return option in CLOUDINIT_OPTIONS or re.match(r"^ipconfig\d+$", option) is not None


def check_modify(cluster: Cluster, identity: Identity, vmid: int, pool: str, options: Iterable[str]) -> None:
    """Refuse the options which the caller may not set or remove."""
    if identity.authid == "root@pam":
        return
    for option in options:
        if is_drive(option) or option in {"cdrom", "tags"} or _BY_VALUE.match(option):
            if option.startswith("serial"):
                cluster.access.check_vm(identity, vmid, pool, ["VM.Config.HWType"])
            continue
        _check_option(cluster, identity, vmid, pool, option)


def _check_option(cluster: Cluster, identity: Identity, vmid: int, pool: str, option: str) -> None:
    if re.match(r"^numa\d+$", option):
        wanted, either = ["VM.Config.CPU"], False
    elif re.match(r"^net\d+$", option):
        wanted, either = ["VM.Config.Network"], False
    elif is_cloudinit_option(option):
        wanted, either = ["VM.Config.Cloudinit", "VM.Config.Network"], True
    elif option == "vmstate":
        wanted, either = ["VM.Config.Disk", "VM.PowerMgmt"], False
    elif option in _PRIVILEGE:
        wanted, either = [_PRIVILEGE[option]], False
    else:
        raise ServerError(f"only root can set '{option}' config")
    cluster.access.check_vm(identity, vmid, pool, wanted, any=either)
    if option == "startup":
        cluster.access.check(identity, "/", ["Sys.Modify"])


def check_real_devices(identity: Identity, settings: Mapping[str, Any], verb: str = "modify") -> None:
    """Refuse devices of the host itself to all but root's session."""
    if identity.authid == "root@pam":
        return
    for key, value in settings.items():
        if re.match(r"^serial\d+$", key) and value != "socket":
            raise ServerError(f"only root can {verb} '{key}' config for real devices")
        if re.match(r"^usb\d+$", key) and not re.search(r"(?:^|=)spice\b|mapping=", str(value)):
            raise ServerError(f"only root can {verb} '{key}' config for real devices")
        if re.match(r"^hostpci\d+$", key) and "mapping=" not in str(value):
            raise ServerError(f"only root can set '{key}' config for non-mapped devices")


def check_storage(cluster: Cluster, identity: Identity, vmid: int, settings: Mapping[str, Any]) -> None:
    """Refuse drives on storages that cannot hold them or that the caller may not use."""
    for key in drive_keys(settings):
        drive = Drive.parse(str(settings[key]))
        if drive.new_disk and not drive.is_cdrom:
            storage = drive.new_disk[0]
            cluster.access.check(identity, f"/storage/{storage}", ["Datastore.AllocateSpace"])
            check_holds_images(cluster, storage)
        elif drive.volname == "cloudinit":
            storages.get(cluster, drive.storage)
        elif drive.file == "cdrom":
            cluster.access.check(identity, "/", ["Sys.Console"])
        elif drive.file not in {"", "none"}:
            _check_volume(cluster, identity, vmid, key, drive.file)
        source = drive.options.get("import-from", "")
        if source:
            _check_import(cluster, identity, vmid, key, source)


def check_holds_images(cluster: Cluster, storage: str) -> None:
    """Refuse a storage that is not meant for disks."""
    if "images" not in storages.contents(storages.get(cluster, storage)):
        raise ApiError(
            400,
            "Parameter verification failed.\n",
            {"storage": f"storage '{storage}' does not support vm images"},
        )


def _check_volume(cluster: Cluster, identity: Identity, vmid: int, key: str, volid: str) -> None:
    volumes.check_access(cluster, identity, vmid, volid)
    if volid.startswith("/"):
        return
    if volumes.kind(volumes.split(volid)[1]) not in {"images", "iso"}:
        raise ApiError(
            400,
            "Parameter verification failed.\n",
            {key: "content type needs to be 'images' or 'iso'"},
        )


def _check_import(cluster: Cluster, identity: Identity, vmid: int, key: str, source: str) -> None:
    if source.startswith("/"):
        volumes.check_access(cluster, identity, vmid, source)
        return
    name = volumes.split(source)[1]
    kind = volumes.kind(name)
    if kind not in {"images", "import"}:
        raise ApiError(
            400,
            "Parameter verification failed.\n",
            {key: f"{source} has wrong type '{kind}' - not an image"},
        )
    if volumes.owner(name):
        cluster.access.check(identity, f"/vms/{volumes.owner(name)}", ["VM.Clone"])
    else:
        volumes.check_access(cluster, identity, vmid, source)


def check_bridges(cluster: Cluster, identity: Identity, settings: Mapping[str, Any]) -> None:
    """Refuse network cards on bridges that the caller may not use."""
    for key in sorted(settings):
        if not re.match(r"^net\d+$", key):
            continue
        net = Net.parse(str(settings[key]))
        if net.bridge:
            tag = net.options.get("tag")
            path = f"/sdn/zones/localnetwork/{net.bridge}" + (f"/{tag}" if tag else "")
            cluster.access.check(identity, path, ["SDN.Use"])


def check_tags(cluster: Cluster, identity: Identity, vmid: int, old: str, new: str) -> None:
    """Refuse tags that the datacentre's options keep from the caller."""
    cluster.access.check_vm(identity, vmid, None, ["VM.Config.Options"])
    before, after = set(split_list(old.lower())), set(split_list(new.lower()))
    if before == after or cluster.access.has(identity, "/", ["Sys.Modify"]):
        return
    rules = tag_rules(cluster)
    for tag in sorted(before ^ after):
        if tag in rules["registered"] or not _tag_is_free(cluster, rules, tag):
            raise ForbiddenError(f"Permission check failed (/, Sys.Modify for modifying tag '{tag}')")


def tag_rules(cluster: Cluster) -> dict[str, Any]:
    """The datacentre's rules: ``mode`` and the sets ``listed`` and ``registered``."""
    options = cluster.store.table("options").get("datacenter", {})
    text = str(options.get("user-tag-access", ""))
    access = dict(part.partition("=")[::2] for part in text.split(",") if "=" in part)
    return {
        "mode": access.get("user-allow", "free"),
        "listed": set(split_list(access.get("user-allow-list", ""))),
        "registered": set(split_list(str(options.get("registered-tags", "")))),
    }


def _tag_is_free(cluster: Cluster, rules: Mapping[str, Any], tag: str) -> bool:
    mode = rules["mode"]
    if mode == "free":
        return True
    if mode == "none":
        return False
    if tag in rules["listed"]:
        return True
    return mode == "existing" and any(
        tag in split_list(str(row["config"].get("tags", "")))
        for row in cluster.store.table("guests").values()
    )
