# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What happens in a guest between power-on and its init: cloud-init's work, as one shell script."""

from __future__ import annotations

import hashlib
import shlex
from collections.abc import Sequence
from dataclasses import asdict

from .base import CloudInit, Nic
from .disks import boot_script

ANNOUNCING = "/etc/systemd/system/lab-announce.service"
"""The service with which a machine makes itself known to its neighbours."""

HOUSEKEEPING = """\
set -eu
umask 022
# The container engine's file gives way to the machine's own.
if mountpoint -q /etc/hostname; then umount /etc/hostname; fi
# As for any container with an init: devices come from outside, so /sys is not to be managed; of
# the kernel's settings only the network's are the machine's own.
mount -o remount,bind,ro /sys
mount --bind /proc/sys /proc/sys
mount --bind /proc/sys/net /proc/sys/net
mount -o remount,bind,ro /proc/sys
rm -f /dev/kmsg /dev/kvm /dev/mem /dev/port
find /dev -xdev -type b -delete
"""


def prepare_script(cloudinit: CloudInit | None, nics: Sequence[Nic], data_disk: int | None = None) -> str:
    """The script that runs as root in the guest's namespaces before each boot.

    As with a NoCloud drive, a changed configuration is a new instance: its settings are applied
    again and the machine gets new SSH host keys; an unchanged one is left as it is. ``data_disk`` is
    the size of its disk in bytes, None for a machine whose disk is its own affair.
    """
    script = HOUSEKEEPING + boot_script(data_disk)
    return script if cloudinit is None else script + _first_boot(cloudinit, nics)


def _first_boot(cloudinit: CloudInit, nics: Sequence[Nic]) -> str:
    instance = _instance_id(cloudinit, nics)
    parts = [
        "seen=/var/lib/cloud/data/instance-id\n"
        f'if [ "$(cat "$seen" 2>/dev/null)" = {instance} ]; then exit 0; fi\n'
        "rm -f /etc/ssh/ssh_host_*\n",
        _names(cloudinit),
        _network(cloudinit, nics),
        _account(cloudinit),
        f'mkdir -p "${{seen%/*}}"\necho {instance} > "$seen"\n',
    ]
    return "".join(parts)


def _instance_id(cloudinit: CloudInit, nics: Sequence[Nic]) -> str:
    content = repr((asdict(cloudinit), [asdict(nic) for nic in nics]))
    return hashlib.sha1(content.encode(), usedforsecurity=False).hexdigest()


def _write(path: str, text: str, mode: str = "0644") -> str:
    quoted = shlex.quote(text)
    return f"printf %s {quoted} > {path}\nchmod {mode} {path}\n"


def _names(cloudinit: CloudInit) -> str:
    if not cloudinit.hostname:
        return ""
    full = cloudinit.hostname
    if cloudinit.searchdomain:
        full = f"{cloudinit.hostname}.{cloudinit.searchdomain.split()[0]} {cloudinit.hostname}"
    hosts = (
        f"127.0.1.1 {full}\n127.0.0.1 localhost\n\n"
        "::1 localhost ip6-localhost ip6-loopback\nff02::1 ip6-allnodes\nff02::2 ip6-allrouters\n"
    )
    return (
        _write("/etc/hostname", f"{cloudinit.hostname}\n")
        + _write("/etc/hosts", hosts)
        + f"hostname {shlex.quote(cloudinit.hostname)}\n"
    )


def _network(cloudinit: CloudInit, nics: Sequence[Nic]) -> str:
    script = "rm -f /etc/systemd/network/10-cloud-init-*.network\n"
    for index, nic in enumerate(nics):
        config = cloudinit.ipconfigs[index] if index < len(cloudinit.ipconfigs) else ""
        path = f"/etc/systemd/network/10-cloud-init-eth{index}.network"
        script += _write(path, network_file(nic.mac, config))
    resolv = "".join(f"nameserver {server}\n" for server in cloudinit.nameservers)
    if cloudinit.searchdomain:
        resolv += f"search {cloudinit.searchdomain}\n"
    return script + (_write("/etc/resolv.conf", resolv) if resolv else "") + _announcing(cloudinit)


def _announcing(cloudinit: CloudInit) -> str:
    """Have the machine say a word to its gateways when its network is up.

    A machine asks for names and time as soon as it can, and all its neighbours learn its card from that.
    One that is silent at an address that another one had is not found until they forget that one's card.
    """
    gateways = [
        part.removeprefix("gw=")
        for config in cloudinit.ipconfigs
        for part in config.split(",")
        if part.startswith("gw=")
    ]
    if not gateways:
        return ""
    words = "; ".join(f"until echo > /dev/udp/{gateway}/9; do sleep 0.2; done" for gateway in gateways)
    unit = f"[Service]\nType=exec\nExecStart=/bin/bash -c '{words}'\nRuntimeMaxSec=60\nStandardError=null\n"
    wanted = "/etc/systemd/system/multi-user.target.wants"
    return (
        _write(ANNOUNCING, unit)
        + f"mkdir -p {wanted}\nln -sf {ANNOUNCING} {wanted}/{ANNOUNCING.rpartition('/')[2]}\n"
    )


def network_file(mac: str, ipconfig: str) -> str:
    """The systemd-networkd file of one card.

    Args:
        mac: the card's address.
        ipconfig: as in Proxmox, such as ``ip=10.0.0.2/24,gw=10.0.0.1``, ``ip=dhcp`` or nothing.
    """
    wanted = dict(part.split("=", 1) for part in ipconfig.split(",") if "=" in part)
    lines = ["[Match]", f"MACAddress={mac.lower()}", "", "[Network]", "LinkLocalAddressing=no"]
    if wanted.get("ip") == "dhcp":
        lines.append("DHCP=ipv4")
    elif "ip" in wanted:
        lines.append(f"Address={wanted['ip']}")
    if wanted.get("ip6") not in (None, "dhcp", "auto"):
        lines.append(f"Address={wanted['ip6']}")
    lines += [f"Gateway={wanted[key]}" for key in ("gw", "gw6") if key in wanted]
    return "\n".join(lines) + "\n"


def _account(cloudinit: CloudInit) -> str:
    user = shlex.quote(cloudinit.user)
    script = ""
    if cloudinit.user != "root":
        script = (
            f"if ! id {user} > /dev/null 2>&1; then\n"
            f"  useradd --create-home --shell /bin/bash --groups sudo,adm {user}\nfi\n"
        ) + _write("/etc/sudoers.d/90-cloud-init-users", f"{cloudinit.user} ALL=(ALL) NOPASSWD:ALL\n", "0440")
    if cloudinit.password_hash:
        script += f"usermod --password {shlex.quote(cloudinit.password_hash)} {user}\n"
    script += (
        f"home=$(getent passwd {user} | cut -d: -f6)\n"
        'mkdir -p "$home/.ssh"\ntouch "$home/.ssh/authorized_keys"\n'
    )
    for key in cloudinit.ssh_keys:
        quoted = shlex.quote(key.strip())
        script += (
            f'grep -qxF {quoted} "$home/.ssh/authorized_keys" || '
            f'printf "%s\\n" {quoted} >> "$home/.ssh/authorized_keys"\n'
        )
    script += 'chmod 0700 "$home/.ssh"\nchmod 0600 "$home/.ssh/authorized_keys"\n'
    return script + f'chown -R {user}: "$home/.ssh"\n'
