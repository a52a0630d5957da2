# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The report and the proposals as files: written only where they differ, each all or not at all."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from .core.report_views import ReportData
from .inputs import write_file
from .proposal.files import proposal_files
from .report.html import render_report

REPORT = "report.html"
"""The report's name in its folder."""

PROPOSALS = "proposals"
"""The folder of the proposals, below that of the report."""

_TITLE = "The plan of the fleet"


def output_files(data: ReportData, tell: Callable[[str], None]) -> dict[str, bytes]:
    """Return the files of a plan by their path below the report's folder.

    Raises:
        RenfortError: a proposal cannot be set.
    """
    tell(f"writing the report and the proposals of {len(data.tenants)} tenants")
    files = {REPORT: render_report(data, title=_TITLE).encode("utf-8")}
    for tenant in data.tenants:
        found = proposal_files(data, tenant.name)
        files |= {f"{PROPOSALS}/{name}": content for name, content in found.items()}
    return files


def write_outputs(folder: Path, files: Mapping[str, bytes], *, dry_run: bool) -> tuple[str, ...]:
    """Write what differs from what is there; return the names of these files.

    Raises:
        RenfortError: a file cannot be written; it is then as it was.
    """
    changed = [name for name, content in sorted(files.items()) if _held(folder / name) != content]
    for name in () if dry_run else changed:
        target = folder / name
        write_file(target, files[name], what="the report" if name == REPORT else "the proposal")
    return tuple(changed)


def _held(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except OSError:
        return None
