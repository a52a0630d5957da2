# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Plain machines without a cluster, for testing roles: ``python -m lab.machines up|down``.

Reads from standard input (or --file) a JSON list of ``{"name", "image", "address"}``.
"""

from __future__ import annotations

import argparse
import asyncio
import hashlib
import ipaddress
import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from . import network
from .errors import LabError
from .guests.base import CloudInit, Nic
from .guests.container import LABELS, Container, boot, execute, is_up
from .host import require_host
from .images.build import ensure_images
from .network import Bridge
from .podman import Podman

BRIDGE = Bridge(name="mol", subnet="10.84.0.0/24", gateway="10.84.0.1")
"""The network of machines that test roles."""

LABEL = LABELS[1]
BOOT_SECONDS = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Platform:
    """A machine asked for: its name, its image, its address without prefix."""

    name: str
    image: str
    address: str

    @property
    def container(self) -> str:
        """Its name in podman."""
        return self.name


def parse_platforms(data: Any) -> list[Platform]:
    """Check and complete the list; an address left out is derived from the name.

    Raises:
        LabError: something else than a list of names, images and free addresses of the network.
    """
    if not isinstance(data, list) or not all(isinstance(row, dict) and row.get("name") for row in data):
        raise LabError("The machines asked for are not a list of mappings with a name.")
    subnet = ipaddress.ip_network(BRIDGE.subnet)
    found: list[Platform] = []
    for row in data:
        address = str(row.get("address") or _derived_address(row["name"]))
        if ipaddress.ip_address(address) not in subnet or address == BRIDGE.gateway:
            raise LabError(
                f"The machine {row['name']} has the address {address}.", hint=f"Choose one of {subnet}."
            )
        if any(other.address == address for other in found):
            raise LabError(f"The machine {row['name']} has an address that another one has: {address}.")
        found.append(Platform(name=row["name"], image=row.get("image", "debian-13"), address=address))
    return found


def _derived_address(name: str) -> str:
    """An address in the upper half of the network, always the same for a name."""
    number = int.from_bytes(hashlib.sha256(name.encode()).digest()[:4]) % 126
    return str(ipaddress.ip_network(BRIDGE.subnet)[128 + number])


def container_of(platform: Platform, image: str) -> Container:
    """The machine with its address, resolver and card."""
    last = hashlib.sha256(platform.name.encode()).hexdigest()
    mac = f"02:84:{last[0:2]}:{last[2:4]}:{last[4:6]}:{last[6:8]}"
    cloudinit = CloudInit(
        user="ops",
        hostname=platform.name,
        ipconfigs=(f"ip={platform.address}/24,gw={BRIDGE.gateway}",),
        nameservers=(BRIDGE.gateway,),
    )
    nics = (Nic(mac=mac, bridge=BRIDGE.name),)
    return Container(name=platform.container, image=image, nics=nics, cloudinit=cloudinit)


async def up(platforms: Sequence[Platform], podman: Podman) -> None:
    """Boot the machines that do not run, and wait until they can be worked with."""
    images = sorted({platform.image for platform in platforms})
    references = await ensure_images(podman, images, lambda line: print(line, flush=True))
    with network.exclusive():
        await network.bridges_up([BRIDGE])
        running = await podman.containers(running=True)
        wanted = [container_of(item, references[item.image]) for item in platforms]
        missing = [container for container in wanted if container.name not in running]
        booted = await asyncio.gather(*(boot(podman, item, label=LABEL) for item in missing))
    await asyncio.gather(*(_wait(item.name, pid) for item, pid in zip(missing, booted, strict=True)))


async def _wait(name: str, pid: int) -> None:
    """Until the machine has booted; systemd's own word for a boot with failures is accepted."""
    for _ in range(BOOT_SECONDS * 5):
        if is_up(pid):
            ended = await execute(pid, ["systemctl", "is-system-running", "--wait"])
            print(f"machine {name}: {ended.stdout.decode().strip()}", flush=True)
            return
        await asyncio.sleep(0.2)
    raise LabError(f"The machine {name} has not booted after {BOOT_SECONDS} s.")


async def down(platforms: Sequence[Platform], podman: Podman) -> None:
    """Remove the machines, and with the last one of all callers the network."""
    names = [platform.container for platform in platforms]
    await podman.run("rm", "--force", "--time=0", "--ignore", "--volumes", *names)
    with network.exclusive():
        await network.unplug_all_but(await podman.containers())
        await network.bridges_down([BRIDGE])


def main(argv: Sequence[str] | None = None) -> int:
    """The command line; 1 when the lab refuses, with one line on standard error."""
    parser = argparse.ArgumentParser(prog="python -m lab.machines", description=__doc__)
    parser.add_argument("action", choices=["up", "down"])
    parser.add_argument("--file", type=Path, help="JSON list of machines (default: standard input)")
    arguments = parser.parse_args(argv)
    try:
        require_host()
        text = arguments.file.read_text(encoding="utf-8") if arguments.file else sys.stdin.read()
        platforms = parse_platforms(json.loads(text))
        action = up if arguments.action == "up" else down
        asyncio.run(action(platforms, Podman()))
    except (LabError, ValueError) as error:
        print(f"lab.machines: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
