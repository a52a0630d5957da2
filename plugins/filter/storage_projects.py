# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Filter: the projects whose space a storage machine limits."""

from __future__ import annotations

DOCUMENTATION = r"""
name: storage_projects
short_description: The projects whose space a storage machine limits
version_added: 0.1.0
author: Renfort contributors
description:
  - One for each export, with or without limit, so that the space that each takes is known.
options:
  _input:
    description: Exports as the filter storage_exports completes them.
    type: list
    elements: dict
    required: true
"""

EXAMPLES = r"""
projects: "{{ exports | ent.renfort.storage_projects }}"
"""

RETURN = r"""
_value:
  description: Mappings with path, number and gib, as the module project_quotas takes them.
  type: list
  elements: dict
"""

from collections.abc import Callable
from typing import Any

from ..plugin_utils.plain import plain


def storage_projects_filter(exports: Any) -> list[dict[str, Any]]:
    """The project of each export."""
    return [
        {"path": export["path"], "number": export["id"], "gib": export["quota_gib"]}
        for export in plain(exports)
    ]


class FilterModule:
    """Jinja filters of this file."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """Name → filter."""
        return {"storage_projects": storage_projects_filter}
