# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""One configuration file made of fragments that several roles own, checked by its daemon before it goes live.

Runs on the managed machine: Python 3.11 is enough, and nothing but the standard library is needed.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from .core.errors import RenfortError

FRAGMENT_NAME = re.compile(r"(?P<order>[0-9]{3})-(?P<owner>[a-z][a-z0-9_]*)-(?P<rest>[A-Za-z0-9_.-]+)\.cfg")
"""A fragment's file name: its place in the file, the role that owns it, what it is."""


class FragmentError(RenfortError):
    """A fragment cannot be accepted: its name is wrong or the daemon refuses the file made with it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Assembly:
    """The file made of fragments.

    ``digest`` is the SHA-256 of the text before the marker was replaced by it, in hexadecimal;
    ``starts`` gives for each fragment, in order, its name and the number of its first line.
    """

    text: str
    digest: str
    starts: tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What the daemon said of a file: its exit status and everything it printed."""

    status: int
    output: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """What must be written: fragments by name, stale fragments by name, and the assembled file."""

    written: Mapping[str, str]
    removed: tuple[str, ...]
    assembly: Assembly
    live: str | None

    @property
    def needed(self) -> bool:
        """Whether anything differs from what is on the machine."""
        return bool(self.written or self.removed) or self.live != self.assembly.text


def check_names(names: Sequence[str], *, owner: str) -> None:
    """Refuse a name that does not say its order and its owner, and a name given twice.

    Raises:
        FragmentError: naming the fragment and what is expected.
    """
    for name in names:
        match = FRAGMENT_NAME.fullmatch(name)
        if match is None or match["owner"] != owner:
            raise FragmentError(
                f"The fragment name {name!r} is not one that {owner!r} may own.",
                hint=f"Name it <three digits>-{owner}-<what it is>.cfg, such as 310-{owner}-rules.cfg.",
            )
    twice = sorted({name for name in names if list(names).count(name) > 1})
    if twice:
        raise FragmentError(
            f"Several fragments are named {', '.join(twice)}.", hint="Give each a name of its own."
        )


def read_directory(directory: Path) -> dict[str, str]:
    """The fragments present, by name; a directory that does not exist yet holds none."""
    if not directory.is_dir():
        return {}
    return {
        path.name: path.read_text(encoding="utf-8")
        for path in sorted(directory.iterdir())
        if path.is_file() and FRAGMENT_NAME.fullmatch(path.name)
    }


def assemble(fragments: Mapping[str, str], *, marker: str) -> Assembly:
    """Join fragments in the order of their names; the marker, where present, becomes the digest."""
    parts: list[str] = []
    starts: list[tuple[str, int]] = []
    line = 1
    for name in sorted(fragments):
        part = fragments[name].rstrip("\n") + "\n\n"
        starts.append((name, line))
        parts.append(part)
        line += part.count("\n")
    text = "".join(parts)
    digest = hashlib.sha256(text.encode()).hexdigest()
    return Assembly(
        text=text.replace(marker, digest) if marker else text, digest=digest, starts=tuple(starts)
    )


def compare(
    present: Mapping[str, str], wanted: Mapping[str, str] | None, *, owner: str, live: str | None, marker: str
) -> Change:
    """What to write so that the owner's fragments are those wanted and the live file is made of all.

    ``wanted`` None leaves the directory as it is and only assembles it again.
    """
    if wanted is None:
        return Change(written={}, removed=(), assembly=assemble(present, marker=marker), live=live)
    own = {name for name in present if (match := FRAGMENT_NAME.fullmatch(name)) and match["owner"] == owner}
    removed = tuple(sorted(own - set(wanted)))
    written = {name: text for name, text in wanted.items() if present.get(name) != text}
    after = {name: text for name, text in {**present, **wanted}.items() if name not in removed}
    return Change(written=written, removed=removed, assembly=assemble(after, marker=marker), live=live)


def locate(output: str, *, path: str, assembly: Assembly) -> str:
    """The daemon's words, with each ``path:line`` replaced by the fragment and the line in it."""

    def fragment_line(match: re.Match[str]) -> str:
        line = int(match[1])
        before = [(name, start) for name, start in assembly.starts if start <= line]
        if not before:
            return match[0]
        name, start = before[-1]
        return f"{name}:{line - start + 1}"

    return re.sub(re.escape(path) + r":(\d+)", fragment_line, output).replace(path, "the assembled file")


def refusal(verdict: Verdict, *, warning: str, accepted: Sequence[str]) -> str:
    """Why the file is refused, in the daemon's words; empty when it is accepted.

    Args:
        verdict: what the daemon said.
        warning: expression that a line must match to be a warning; empty lets every warning pass.
        accepted: expressions of the warnings that are let through.
    """
    if verdict.status != 0:
        return verdict.output.strip() or f"exit status {verdict.status} without a word"
    if not warning:
        return ""
    lines = [line for line in verdict.output.splitlines() if re.search(warning, line)]
    return "\n".join(line for line in lines if not any(re.search(accept, line) for accept in accepted))


def validate(
    assembly: Assembly,
    *,
    path: str,
    ask: Callable[[str], Verdict],
    warning: str,
    accepted: Sequence[str],
) -> None:
    """Have the daemon judge the assembled text, which stands in ``path``.

    Raises:
        FragmentError: with the daemon's own words and the fragment they are about.
    """
    problem = refusal(ask(path), warning=warning, accepted=accepted)
    if problem:
        raise FragmentError(
            "The daemon refuses the file assembled from the fragments; nothing was changed. It says:\n"
            + locate(problem, path=path, assembly=assembly),
            hint="\nCorrect the fragment named above and run again.",
        )
