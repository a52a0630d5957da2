# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What `lab/datacentre.yml` says, as far as raising the lab needs it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from ..errors import LabError
from ..network import Bridge


@dataclass(frozen=True, slots=True, kw_only=True)
class FirstGuest:
    """A guest that the lab itself makes; ``address`` has its prefix length."""

    vmid: int
    name: str
    tier: str
    tenant: str
    node: str
    bridge: str
    address: str
    gateway: str
    nameservers: tuple[str, ...]
    template: int
    template_node: str
    cores: int
    memory_mib: int
    pool: str
    user: str

    @property
    def ip(self) -> str:
        """The address alone."""
        return self.address.partition("/")[0]

    @property
    def tags(self) -> str:
        """The tags by which the inventory knows the guest."""
        tags = ["renfort", f"tier-{self.tier}", f"ip-{self.ip}"]
        if self.tenant:
            tags.append(f"tenant-{self.tenant}")
        return ";".join(sorted(tags))


@dataclass(frozen=True, slots=True, kw_only=True)
class Datacentre:
    """Networks, machine images, pools and first guests; tenants to the number of their made-up people."""

    bridges: tuple[Bridge, ...]
    images: tuple[str, ...]
    pools: tuple[str, ...]
    templates: tuple[int, ...]
    storages: tuple[str, ...]
    guests: tuple[FirstGuest, ...]
    people: Mapping[str, int]


def load_datacentre(path: Path) -> Datacentre:
    """Read the file.

    Raises:
        LabError: it cannot be read, or a key is missing.
    """
    try:
        data: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
        bridges = {
            name: Bridge(name=name, subnet=row["subnet"], gateway=row["gateway"])
            for name, row in data["bridges"].items()
        }
        template_nodes = {row["vmid"]: row["node"] for row in data["templates"]}
        guests = []
        for row in data["guests"]:
            merged = {**data["guest_defaults"], **row}
            merged.pop("disk_gib", None)
            network = data["bridges"][merged["bridge"]]
            guests.append(
                FirstGuest(
                    **merged,
                    gateway=network["gateway"],
                    nameservers=tuple(network["nameservers"]),
                    template_node=template_nodes[merged["template"]],
                )
            )
        return Datacentre(
            bridges=tuple(bridges.values()),
            images=tuple(sorted({row["image"] for row in data["templates"]})),
            pools=tuple(data["pools"]),
            templates=tuple(template_nodes),
            storages=tuple(name for name, row in data["storages"].items() if "images" in row["content"]),
            guests=tuple(guests),
            people={tenant: int(count) for tenant, count in data["people"].items()},
        )
    except (OSError, yaml.YAMLError) as error:
        raise LabError(f"Cannot read {path}: {error}.") from error
    except (KeyError, TypeError, ValueError) as error:
        raise LabError(f"{path} is not as the lab needs it: {error}.") from error
