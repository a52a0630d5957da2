# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The names of tiers, tenants and machines, and their order."""

from __future__ import annotations

import re
from collections.abc import Collection
from itertools import count

TIERS = (
    "haproxy",
    "web",
    "cas",
    "database",
    "messaging",
    "smtp",
    "vpn",
    "storage",
    "backup",
    "monitoring",
)
"""Every tier there is, in the order in which plans and reports show them."""

TENANT_PATTERN = r"[a-z][a-z0-9]*(_[a-z0-9]+)*"
"""A tenant's name: it becomes a group, a tag and, with hyphens, a part of a host name."""

TENANT_EXPECTED = "small letters, digits and single underscores, a letter first (haut_rhin)"
"""What a tenant's name must look like, for people."""

HOST_PATTERN = r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)*"
"""A host name, short or fully qualified."""

LABEL_PATTERN = r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?"
"""One label of a host name; a machine's name is one label."""

ID_PATTERN = r"[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?"
"""An identifier of the cluster: a bridge, a storage, a pool, a rack."""

ID_EXPECTED = "a name of letters, digits, points, hyphens and underscores"
"""What such an identifier must look like, for people."""


def machine_name(*, tier: str, tenant: str, index: int) -> str:
    """Return a machine's name: ``haut-rhin-web-02``, or ``haproxy-01`` when it serves all tenants."""
    prefix = f"{tenant.replace('_', '-')}-" if tenant else ""
    return f"{prefix}{tier}-{index:02d}"


def free_name(*, tier: str, tenant: str, taken: Collection[str]) -> str:
    """Return the lowest numbered name that nothing bears yet."""
    names = (machine_name(tier=tier, tenant=tenant, index=index) for index in count(1))
    return next(name for name in names if name not in taken)


def order_key(*, tier: str, tenant: str, name: str) -> tuple[int, str, int, str]:
    """Return the key that sorts machines by tier, tenant and number (``web-9`` before ``web-10``)."""
    number = re.search(r"(\d+)$", name)
    position = TIERS.index(tier) if tier in TIERS else len(TIERS)
    return position, tenant, int(number.group(1)) if number else 0, name
