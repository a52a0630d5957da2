# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Filter: list what is wrong with what a storage machine is asked to export."""

from __future__ import annotations

DOCUMENTATION = r"""
name: storage_problems
short_description: List what is wrong with what a storage machine is asked to export
version_added: 0.1.0
author: Renfort contributors
description:
  - Unknown keys, impossible networks, directories and ids that two exports have.
  - Nothing is read from a machine.
options:
  _input:
    description: Exports as the inventory says them.
    type: list
    elements: dict
    required: true
"""

EXAMPLES = r"""
problems: "{{ storage_exports | ent.renfort.storage_problems }}"
"""

RETURN = r"""
_value:
  description: One sentence for each problem.
  type: list
  elements: str
"""

from collections.abc import Callable
from typing import Any

from ..module_utils.storage_exports import problems
from ..plugin_utils.plain import plain


def storage_problems_filter(exports: Any) -> list[str]:
    """List what is wrong with the exports."""
    return problems(plain(exports))


class FilterModule:
    """Jinja filters of this file."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """Name → filter."""
        return {"storage_problems": storage_problems_filter}
