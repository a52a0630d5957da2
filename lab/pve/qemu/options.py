# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The options which a configuration may have, from the schema."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path

_SCHEMA = Path(__file__).parent.parent / "schema" / "pve-8.4.json"


@cache
def known() -> frozenset[str]:
    """The parameters of a configuration change; numbered ones without their number."""
    methods = json.loads(_SCHEMA.read_text(encoding="utf-8"))
    properties = methods["/nodes/{node}/qemu/{vmid}/config"]["PUT"]["parameters"]["properties"]
    return frozenset(name.removesuffix("[n]") for name in properties)
