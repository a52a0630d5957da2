# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Filter: cut configuration into one fragment per section."""

from __future__ import annotations

DOCUMENTATION = r"""
name: section_fragments
short_description: Cut configuration into one fragment per section
version_added: 0.1.0
author: Renfort contributors
description:
  - For the sections that one template renders in a loop.
positional: prefix
options:
  _input:
    description: Text made of sections; none makes no fragment.
    type: str
    required: true
  prefix:
    description: What the names of the fragments begin with.
    type: str
    required: true
  keyword:
    description: Kind of section.
    type: str
    default: backend
"""

EXAMPLES = r"""
own: "{{ lookup('ansible.builtin.template', 'b.cfg.j2') | ent.renfort.section_fragments('400-haproxy-') }}"
"""

RETURN = r"""
_value:
  description: Mappings with C(name) and C(content).
  type: list
  elements: dict
"""

from collections.abc import Callable
from typing import Any

from ansible.errors import AnsibleFilterError

from ..module_utils.core.errors import RenfortError
from ..module_utils.haproxy_config import section_fragments


def section_fragments_filter(text: str | None, prefix: str, keyword: str = "backend") -> list[dict[str, str]]:
    """Cut configuration into one fragment per section, with errors that Ansible shows."""
    try:
        # A template that comes to nothing is None to Ansible.
        return section_fragments(text or "", prefix=prefix, keyword=keyword)
    except RenfortError as error:
        raise AnsibleFilterError(str(error)) from error


class FilterModule:
    """Jinja filters of this file."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """Name → filter."""
        return {"section_fragments": section_fragments_filter}
