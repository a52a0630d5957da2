# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Filter: list what is wrong with jobs of Prometheus."""

from __future__ import annotations

DOCUMENTATION = r"""
name: monitoring_problems
short_description: List what is wrong with jobs of Prometheus
version_added: 0.3.0
author: Renfort contributors
description:
  - Names used twice or reserved, ports and labels that cannot be, addresses that are missing or stand twice.
positional: probes, taken
options:
  _input:
    description: Jobs or probes.
    type: list
    elements: dict
    required: true
  probes:
    description: Whether these are probes, which need no port.
    type: bool
    default: false
  taken:
    description: Names that other jobs have.
    type: list
    elements: str
    default: []
"""

EXAMPLES = r"""
problems: "{{ monitoring_jobs | ent.renfort.monitoring_problems }}"
"""

RETURN = r"""
_value:
  description: One sentence for each problem.
  type: list
  elements: str
"""

from collections.abc import Callable, Collection
from typing import Any

from ..module_utils.monitoring_targets import job_problems


def monitoring_problems_filter(jobs: Any, probes: bool = False, taken: Collection[str] = ()) -> list[str]:
    """What is wrong with jobs, one sentence each."""
    return job_problems(jobs, probes=probes, taken=taken)


class FilterModule:
    """Jinja filters of this file."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """Name → filter."""
        return {"monitoring_problems": monitoring_problems_filter}
