# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Planned machines of the lab's cluster."""

from __future__ import annotations

from typing import Any

from ansible_collections.ent.renfort.plugins.module_utils.core.machine import Machine


def machine(number: int, **changes: Any) -> Machine:
    """A web machine of Eure; neighbours are on different hypervisors."""
    return Machine(
        **{
            "name": f"eure-web-{number:02d}",
            "vmid": 2000 + number,
            "tier": "web",
            "tenant": "eure",
            "hypervisor": f"pve{1 + number % 4}",
            "template": 9000,
            "cores": 2,
            "memory_mib": 2048,
            "disk_gib": 8,
            "storage": "vmdata",
            "bridge": "vmbr2",
            "address": f"10.83.20.{10 + number}/24",
            "gateway": "10.83.20.1",
            "nameservers": ("10.83.20.1",),
            "pool": "renfort",
            "reason": "15000 sessions need 3 machines",
        }
        | changes
    )
