# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lab's networks: bridges on the host, a cable to each machine, one nftables table.

Machines reach each other through the host's routing as they are, and the rest of the world behind
the host's address. Their resolver is their gateway, which passes questions on to the host's own.
Everything has a name that starts with ``rf-`` or is called ``renfort_lab``.
"""

from __future__ import annotations

import fcntl
import hashlib
import ipaddress
import json
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from . import foreign, host, kernel, process
from .errors import LabError
from .guests.base import Nic
from .paths import run_dir

TABLE = "renfort_lab"
PREFIX = "rf-"


@dataclass(frozen=True, slots=True, kw_only=True)
class Bridge:
    """A bridge of the hypervisors: its name there, its subnet, and the host's address in it."""

    name: str
    subnet: str
    gateway: str

    @property
    def link(self) -> str:
        """Its name on the host."""
        return link_of_bridge(self.name)

    @property
    def host_address(self) -> str:
        """The gateway with the subnet's prefix length."""
        return f"{self.gateway}/{ipaddress.ip_network(self.subnet).prefixlen}"


def link_of_bridge(name: str) -> str:
    """The host's name of a hypervisor's bridge; links have at most 15 characters."""
    link = PREFIX + name
    return link if len(link) <= 15 else PREFIX + hashlib.sha256(name.encode()).hexdigest()[:12]


def link_of_cable(machine: str, index: int) -> str:
    """The host's end of a machine's network cable."""
    return f"{PREFIX}{hashlib.sha256(machine.encode()).hexdigest()[:8]}-{index}"


def ruleset(bridges: Iterable[tuple[str, str]], resolver: str) -> str:
    """The nftables program that replaces the lab's table.

    ``bridges`` are (subnet, gateway) of every bridge that is up; none removes the table.
    """
    pairs = sorted(bridges)
    lines = [f"table ip {TABLE}", f"delete table ip {TABLE}"]
    if not pairs:
        return "\n".join(lines) + "\n"
    subnets = ", ".join(subnet for subnet, _ in pairs)
    gateways = ", ".join(gateway for _, gateway in pairs)
    asked = f'iifname "{PREFIX}*" ip daddr {{ {gateways} }}'
    lines += [
        f"table ip {TABLE} {{",
        "  chain resolver {",
        "    type nat hook prerouting priority dstnat;",
        f"    {asked} udp dport 53 dnat to {resolver}",
        f"    {asked} tcp dport 53 dnat to {resolver}",
        "  }",
        "  chain outside {",
        "    type nat hook postrouting priority srcnat;",
        f"    ip saddr {{ {subnets} }} ip daddr != {{ {subnets} }} masquerade",
        "  }",
        "  chain segments {",
        "    type filter hook forward priority mangle;",
        "    tcp flags syn tcp option maxseg size set rt mtu",
        "  }",
        "}",
    ]
    return "\n".join(lines) + "\n"


@contextmanager
def exclusive() -> Iterator[None]:
    """One process at a time makes or removes networks: hold it from a bridge to its first cable."""
    run_dir().mkdir(parents=True, exist_ok=True)
    with (run_dir() / "network.lock").open("w", encoding="utf-8") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


async def bridges_up(bridges: Sequence[Bridge]) -> None:
    """Make the bridges that are missing, then routing and address translation for all of them.

    Raises:
        LabError: a subnet is in use on this host, or the kernel refuses.
    """
    present = await _addresses()
    commands: list[str] = []
    for bridge in bridges:
        if present.get(bridge.link) == bridge.host_address:
            continue
        _refuse_overlap(bridge, present)
        if bridge.link not in present:
            commands.append(f"link add {bridge.link} type bridge forward_delay 0 stp_state 0")
        commands.append(f"addr replace {bridge.host_address} dev {bridge.link}")
        commands.append(f"link set {bridge.link} up")
    await _ip_batch(commands)
    await _translate()
    await foreign.open_chains(TABLE)


async def bridges_down(bridges: Sequence[Bridge]) -> None:
    """Remove the bridges which no machine uses any more; with the last one, all the rest."""
    present = await _addresses()
    used = await cabled_bridges()
    gone = [bridge.link for bridge in bridges if bridge.link in present and bridge.link not in used]
    await _ip_batch([f"link del {link}" for link in gone])
    if await _translate() == 0:
        await foreign.close_chains()
        kernel.restore_settings()


async def cabled_bridges() -> set[str]:
    """The host's names of the bridges that have a machine plugged in."""
    links = json.loads((await process.run(["ip", "-json", "link", "show", "type", "veth"])).text or "[]")
    return {link["master"] for link in links if link.get("master", "").startswith(PREFIX)}


async def plug(machine: str, pid: int, nics: Sequence[Nic]) -> None:
    """Give a created machine its network cards, eth0 first.

    Args:
        machine: its name, from which the cables' names follow.
        nics: its cards, in order.
        pid: a process in the machine's network namespace.
    """
    commands: list[str] = []
    for index, nic in enumerate(nics):
        cable = link_of_cable(machine, index)
        mtu = f"mtu {nic.mtu} " if nic.mtu else ""
        commands += [
            f"link add {cable} {mtu}type veth peer name eth{index} {mtu}address {nic.mac} netns {pid}",
            f"link set {cable} master {link_of_bridge(nic.bridge)} up",
        ]
    await _ip_batch(commands)


async def unplug_all_but(machines: Collection[str]) -> None:
    """Remove the cables of every machine that is not among these.

    The kernel does so when a machine's network namespace ends, which the last words of a killed
    connection can delay by minutes.
    """
    stems = tuple(link_of_cable(machine, 0).removesuffix("0") for machine in machines)
    links = json.loads((await process.run(["ip", "-json", "link", "show", "type", "veth"])).text or "[]")
    names = [link["ifname"] for link in links]
    for name in names:
        if name.startswith(PREFIX) and not name.startswith(stems):
            # The kernel may be faster, so a cable that is not there any more is no failure.
            await process.attempt(["ip", "link", "del", name])


async def leftovers() -> list[str]:
    """Links and tables of the lab that exist on the host, in words."""
    links = json.loads((await process.run(["ip", "-json", "link", "show"])).text or "[]")
    found = [f"link {link['ifname']}" for link in links if link["ifname"].startswith(PREFIX)]
    if (await process.attempt(["nft", "list", "table", "ip", TABLE])).code == 0:
        found.append(f"nftables table {TABLE}")
    return found


async def _ip_batch(commands: Sequence[str]) -> None:
    if commands:
        await process.run(["ip", "-batch", "-"], stdin="\n".join(commands).encode() + b"\n")


async def _addresses() -> dict[str, str]:
    """Every link of the host to its first IPv4 address with prefix, or nothing."""
    rows = json.loads((await process.run(["ip", "-json", "-4", "addr", "show"])).text or "[]")
    bare = json.loads((await process.run(["ip", "-json", "link", "show"])).text or "[]")
    found = {row["ifname"]: "" for row in bare}
    for row in rows:
        for info in row.get("addr_info", [])[:1]:
            found[row["ifname"]] = f"{info['local']}/{info['prefixlen']}"
    return found


def _refuse_overlap(bridge: Bridge, present: dict[str, str]) -> None:
    subnet = ipaddress.ip_network(bridge.subnet)
    for link, address in present.items():
        if address and link != bridge.link and subnet.overlaps(ipaddress.ip_interface(address).network):
            raise LabError(
                f"The lab's network {bridge.subnet} ({bridge.name}) overlaps {address} of {link} here.",
                hint="Free that network, or choose another one in lab/datacentre.yml.",
            )


async def _translate() -> int:
    """Load the table for the bridges that are up now; how many these are."""
    present = await _addresses()
    pairs = []
    for link, address in present.items():
        if link.startswith(PREFIX) and address:
            interface = ipaddress.ip_interface(address)
            pairs.append((str(interface.network), str(interface.ip)))
    resolver = host.host_resolver() if pairs else ""
    await process.run(["nft", "-f", "-"], stdin=ruleset(pairs, resolver).encode())
    if pairs:
        kernel.raise_settings(kernel.FORWARDING | kernel.CROWD)
        if ipaddress.ip_address(resolver).is_loopback:
            for link in present:
                if link.startswith(PREFIX) and present[link]:
                    (kernel.SYSCTL / f"net/ipv4/conf/{link}/route_localnet").write_text("1")
    return len(pairs)
