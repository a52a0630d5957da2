# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Filter: compute the settings of a database machine from its size."""

from __future__ import annotations

DOCUMENTATION = r"""
name: database_tuning
short_description: Compute the settings of a database machine from its size
version_added: 0.1.0
author: Renfort contributors
description:
  - Memory of PostgreSQL, its connections and workers, and the pools of PgBouncer. The rules and their
    sources are in plugins/module_utils/core/database_tuning.py.
positional: cores, databases
options:
  _input:
    description: Memory of the machine in MiB.
    type: int
    required: true
  cores:
    description: Processors of the machine.
    type: int
    required: true
  databases:
    description: How many databases share the machine.
    type: int
    default: 1
"""

EXAMPLES = r"""
settings: "{{ 16384 | ent.renfort.database_tuning(4, 6) }}"  # settings.local.shared_buffers is 4096MB
"""

RETURN = r"""
_value:
  description: >-
    C(local), settings of PostgreSQL that may differ between members; C(common), those that may not;
    C(pool_size) and C(pool_reserve) of PgBouncer.
  type: dict
"""

from collections.abc import Callable
from dataclasses import asdict
from typing import Any

from ansible.errors import AnsibleFilterError

from ..module_utils.core.database_tuning import tune
from ..module_utils.core.errors import RenfortError


def database_tuning(memory_mib: str | int, cores: str | int, databases: str | int = 1) -> dict[str, Any]:
    """Compute the settings of a database machine, with errors that Ansible shows."""
    try:
        return asdict(tune(memory_mib=int(memory_mib), cores=int(cores), databases=int(databases)))
    except (ValueError, RenfortError) as error:
        raise AnsibleFilterError(f"database_tuning: {error}") from error


class FilterModule:
    """Jinja filters of this file."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """Name → filter."""
        return {"database_tuning": database_tuning}
