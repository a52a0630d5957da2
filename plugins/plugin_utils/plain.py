# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Values of playbooks as Python's own."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def plain(value: Any) -> Any:
    """Return a value of a playbook without the marks of Ansible, which are types of their own."""
    if isinstance(value, Mapping):
        return {plain(key): plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    kinds = [of for of in (str, float, int) if isinstance(value, of) and not isinstance(value, bool)]
    return kinds[0](value) if kinds else value
