# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The content of a guest's cloud-init drive."""

from __future__ import annotations

import hashlib
import re
from ipaddress import ip_interface
from typing import TYPE_CHECKING, Any

from .properties import Net, parse_properties
from .values import split_list

if TYPE_CHECKING:
    from lab.guests.base import CloudInit

_WATCHED = ("ciuser", "cipassword", "nameserver", "searchdomain", "sshkeys")


def user_data(config: dict[str, Any], cloudinit: CloudInit) -> str:
    """The user data: names, user, keys."""
    name, domain = cloudinit.hostname, cloudinit.searchdomain
    fqdn = name if "." in name or not domain else f"{name}.{domain}"
    lines = ["#cloud-config", f"hostname: {name.partition('.')[0]}", "manage_etc_hosts: true"]
    if "." in fqdn:
        lines.append(f"fqdn: {fqdn}")
    if config.get("ciuser"):
        lines.append(f"user: {config['ciuser']}")
    else:
        lines.append("disable_root: False")
    if cloudinit.password_hash:
        lines.append(f"password: {cloudinit.password_hash}")
    if cloudinit.ssh_keys:
        lines += ["ssh_authorized_keys:", *(f"  - {key}" for key in cloudinit.ssh_keys)]
    lines += ["chpasswd:", "  expire: False"]
    if config.get("ciuser", "root") != "root":
        lines += ["users:", "  - default"]
    if config.get("ciupgrade", 1):
        lines.append("package_upgrade: true")
    return "\n".join(lines) + "\n"


def network_data(config: dict[str, Any], cloudinit: CloudInit) -> str:
    """The network configuration, version 1."""
    lines = ["version: 1", "config:"]
    cards = sorted((key for key in config if re.match(r"^net\d+$", key)), key=lambda key: int(key[3:]))
    for key in cards:
        text = config.get(f"ipconfig{key[3:]}")
        if text:
            lines += _card(key[3:], Net.parse(str(config[key])).mac, parse_properties(str(text)))
    lines += ["    - type: nameserver", "      address:"]
    lines += [f"      - '{server}'" for server in cloudinit.nameservers]
    if cloudinit.searchdomain:
        lines += ["      search:", *(f"      - '{name}'" for name in split_list(cloudinit.searchdomain))]
    return "\n".join(lines) + "\n"


def _card(number: str, mac: str, values: dict[str, str]) -> list[str]:
    lines = [
        "    - type: physical",
        f"      name: eth{number}",
        f"      mac_address: '{mac.lower()}'",
        "      subnets:",
    ]
    if values.get("ip") == "dhcp":
        lines.append("      - type: dhcp4")
    elif values.get("ip"):
        address = ip_interface(values["ip"])
        lines += ["      - type: static", f"        address: '{address.ip}'"]
        lines.append(f"        netmask: '{address.network.netmask}'")
        if values.get("gw"):
            lines.append(f"        gateway: '{values['gw']}'")
    if values.get("ip6") in {"dhcp", "auto"}:
        lines.append(f"      - type: {'dhcp6' if values['ip6'] == 'dhcp' else 'ipv6_slaac'}")
    elif values.get("ip6"):
        lines += ["      - type: static6", f"        address: '{values['ip6']}'"]
        if values.get("gw6"):
            lines.append(f"        gateway: '{values['gw6']}'")
    return lines


def meta_data(user: str, network: str) -> str:
    """The meta data: an instance id that changes with the content."""
    digest = hashlib.sha1((user + network).encode(), usedforsecurity=False).hexdigest()
    return f"instance-id: {digest}\n"


def pending(config: dict[str, Any]) -> list[dict[str, Any]]:
    """The options that the drive is made from."""
    shown = [key for key in _WATCHED if key in config]
    return [{"key": key, "value": "**********" if key == "cipassword" else config[key]} for key in shown]
