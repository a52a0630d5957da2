# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Filter: complete what a storage machine exports."""

from __future__ import annotations

DOCUMENTATION = r"""
name: storage_exports
short_description: Complete what a storage machine exports
version_added: 0.1.0
author: Renfort contributors
description:
  - Gives every export all its keys, in the order of their paths.
  - The id of an export comes from the name of its directory.
positional: mount, owner_id
options:
  _input:
    description: Exports as the inventory says them.
    type: list
    elements: dict
    required: true
  mount:
    description: Where the data disk is mounted.
    type: str
    required: true
  owner_id:
    description: User and group id of the files of exports that name none.
    type: int
    required: true
"""

EXAMPLES = r"""
exports: "{{ storage_exports | ent.renfort.storage_exports(storage_mount, storage_owner_id) }}"
"""

RETURN = r"""
_value:
  description: Mappings with tenant, path, networks, quota_gib, squash, read_only, owner_id and id.
  type: list
  elements: dict
"""

from collections.abc import Callable
from typing import Any

from ..module_utils.storage_exports import complete
from ..plugin_utils.plain import plain


def storage_exports_filter(exports: Any, mount: str, owner_id: int) -> list[dict[str, Any]]:
    """Give every export all its keys."""
    return complete(plain(exports), mount=str(mount), owner_id=int(owner_id))


class FilterModule:
    """Jinja filters of this file."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """Name → filter."""
        return {"storage_exports": storage_exports_filter}
