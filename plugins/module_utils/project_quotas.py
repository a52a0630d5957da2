# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Limits of space for directories of an XFS file system, by projects.

Runs on the managed machine: Python 3.11 is enough, and nothing but the standard library is needed.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from .core.errors import RenfortError

Ask = Callable[[Sequence[str]], str]
"""Runs a command and returns what it printed; raises QuotaError when it failed."""

KIB_PER_GIB = 2**20


class QuotaError(RenfortError):
    """A limit could not be read or set."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Project:
    """A directory that is counted: its number in the file system, its limit in GiB, 0 for none."""

    path: str
    number: int
    gib: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Need:
    """What one project lacks: its number on the directory, or another limit, in KiB before and after."""

    project: Project
    mark: bool
    before_kib: int
    after_kib: int

    @property
    def limit(self) -> bool:
        """Whether the limit differs."""
        return self.before_kib != self.after_kib


def parse_limits(report: str) -> dict[int, int]:
    """Hard limits in KiB by project number, from ``xfs_quota -x -c 'report -p -b -n -N'``."""
    rows = (re.match(r"#(\d+)\s+\d+\s+\d+\s+(\d+)\s", line) for line in report.splitlines())
    return {int(row[1]): int(row[2]) for row in rows if row}


def parse_number(text: str) -> int:
    """The number of a directory's project, from ``xfs_io -r -c lsproj``.

    Raises:
        QuotaError: there is none.
    """
    found = re.search(r"projid = (\d+)", text)
    if not found:
        raise QuotaError(f"xfs_io printed no project number, but: {text.strip()!r}")
    return int(found[1])


def needs(projects: Sequence[Project], *, mount: str, ask: Ask) -> list[Need]:
    """Compare what is wanted with the machine; projects that lack nothing are left out."""
    limits = parse_limits(ask(["xfs_quota", "-x", "-c", "report -p -b -n -N", mount]))
    found = []
    for project in projects:
        number = parse_number(ask(["xfs_io", "-r", "-c", "lsproj", project.path]))
        need = Need(
            project=project,
            mark=number != project.number,
            before_kib=limits.get(project.number, 0),
            after_kib=project.gib * KIB_PER_GIB,
        )
        if need.mark or need.limit:
            found.append(need)
    return found


def commands(need: Need, *, mount: str) -> list[list[str]]:
    """What gives a project what it lacks; new files below a marked directory are counted by themselves."""
    project = need.project
    mark = f"project -s -p {project.path} {project.number}"
    limit = f"limit -p bsoft=0 bhard={need.after_kib}k {project.number}"
    wanted = [mark] * need.mark + [limit] * need.limit
    return [["xfs_quota", "-x", "-c", command, mount] for command in wanted]


def as_projects(rows: Sequence[Mapping[str, object]]) -> list[Project]:
    """Mappings with path, number and gib as projects."""
    return [
        Project(path=str(row["path"]), number=int(str(row["number"])), gib=int(str(row["gib"])))
        for row in rows
    ]
