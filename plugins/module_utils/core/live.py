# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the cluster reports, from plain data to the model."""

from __future__ import annotations

from collections.abc import Sequence

from .fields import Fields
from .model import Live, LiveGuest, LiveHypervisor


def parse_live(hypervisors: Sequence[object], guests: Sequence[object], *, source: str) -> Live:
    """Return the cluster's state; keys that the planner does not use may be there too.

    Args:
        hypervisors: mappings with name, online, cores and memory_mib.
        guests: mappings with vmid, name, node, tags, template, cores, memory_mib and disk_gib.
        source: where the data comes from, for messages.

    Raises:
        InputError: a key is missing or of a wrong type.
    """
    top = Fields(file=source, key="live", data={"hypervisors": hypervisors, "guests": guests})
    return Live(
        hypervisors=tuple(_hypervisor(item) for item in top.items("hypervisors")),
        guests=tuple(_guest(item) for item in top.items("guests")),
    )


def _hypervisor(item: Fields) -> LiveHypervisor:
    return LiveHypervisor(
        name=item.text("name"),
        online=item.boolean("online"),
        cores=item.integer("cores"),
        memory_mib=item.integer("memory_mib"),
    )


def _guest(item: Fields) -> LiveGuest:
    # A guest on a node that is off line has no name in the cluster's list.
    name = item.data.get("name") or ""
    return LiveGuest(
        vmid=item.integer("vmid", minimum=1),
        name=str(name),
        node=item.text("node"),
        tags=item.texts("tags", default=()),
        template=item.boolean("template", default=False),
        cores=item.integer("cores", default=0),
        memory_mib=item.integer("memory_mib", default=0),
        disk_gib=item.integer("disk_gib", default=0),
    )
