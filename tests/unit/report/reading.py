# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""How tests read the report's texts and bars."""

from __future__ import annotations

from ansible_collections.ent.renfort.plugins.module_utils.report.geometry import Segment
from ansible_collections.ent.renfort.plugins.module_utils.report.wording import NBSP


def plain(text: str) -> str:
    """Return a text with ordinary spaces."""
    return text.replace(NBSP, " ")


def bar(*parts: tuple[str, float, float]) -> tuple[Segment, ...]:
    """Return a bar of parts: what each shows, where it begins and how wide it is."""
    return tuple(Segment(kind=kind, x=x, width=width) for kind, x, width in parts)
