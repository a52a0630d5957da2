# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Filter: write the targets of a job as Prometheus reads them from a file."""

from __future__ import annotations

DOCUMENTATION = r"""
name: monitoring_file_sd
short_description: Write the targets of a job as Prometheus reads them from a file
version_added: 0.3.0
author: Renfort contributors
description:
  - Adds the port of the job to addresses that have none.
options:
  _input:
    description: A job with C(targets) and C(port).
    type: dict
    required: true
"""

EXAMPLES = r"""
content: "{{ job | ent.renfort.monitoring_file_sd | to_nice_json }}"
"""

RETURN = r"""
_value:
  description: Mappings with C(targets) and C(labels).
  type: list
  elements: dict
"""

from collections.abc import Callable
from typing import Any

from ..module_utils.monitoring_targets import file_sd


def monitoring_file_sd_filter(job: Any) -> list[dict[str, Any]]:
    """The targets of a job as Prometheus reads them from a file."""
    return file_sd(job)


class FilterModule:
    """Jinja filters of this file."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """Name → filter."""
        return {"monitoring_file_sd": monitoring_file_sd_filter}
