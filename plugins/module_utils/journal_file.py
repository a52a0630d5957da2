# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The journal as a file: lines of JSON that are only ever added to, by several runs at once."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from .core.errors import RenfortError

MIB = 1024 * 1024

OLDER = ".1"
"""What the name of the older half of a journal ends with."""


def journal_path(environment: Mapping[str, str]) -> Path | None:
    """Return where the journal is: ``RENFORT_JOURNAL``, else in the user's state directory.

    None when the variable is empty, which switches the journal off.
    """
    stated = environment.get("RENFORT_JOURNAL")
    if stated is not None:
        return Path(stated).expanduser() if stated else None
    state = environment.get("XDG_STATE_HOME") or "~/.local/state"
    return Path(state).expanduser() / "renfort" / "journal.jsonl"


class JournalFile:
    """A journal to add records to. It is opened, and made where it is missing, with the first one.

    Each record is one line and one write to a descriptor in append mode, so that the lines of several
    runs never mix. A file larger than ``max_mib`` is set aside as ``.1`` before a run begins, in place
    of the one before; a run that goes on meanwhile ends in the file that it began in.
    """

    def __init__(self, path: Path, *, max_mib: int) -> None:
        self.path = path
        self._max_bytes = max_mib * MIB
        self._handle: int | None = None

    def append(self, record: Mapping[str, Any]) -> None:
        """Add one record.

        Raises:
            RenfortError: it cannot be written.
        """
        try:
            if self._handle is None:
                self._handle = self._open()
            line = json.dumps(record, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")
            if os.write(self._handle, line + b"\n") != len(line) + 1:
                raise OSError(0, "only a part of a line could be written")
        except OSError as error:
            raise RenfortError(
                f"Cannot write the journal {self.path}: {error.strerror}.",
                hint="Check its rights and the room on its disk, or name another file in RENFORT_JOURNAL.",
            ) from error

    def close(self) -> None:
        """Close the file; the next record opens it again."""
        if self._handle is not None:
            os.close(self._handle)
            self._handle = None

    def _open(self) -> int:
        self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        handle = self._open_file()
        if os.fstat(handle).st_size > self._max_bytes:
            self._set_aside(handle)
            os.close(handle)
            handle = self._open_file()
        self._end_half_line(handle)
        return handle

    def _open_file(self) -> int:
        return os.open(self.path, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)

    def _set_aside(self, handle: int) -> None:
        """Rename the file, unless another run that began at the same moment has just done so."""
        fcntl.flock(handle, fcntl.LOCK_EX)
        if self.path.exists() and self.path.stat().st_ino == os.fstat(handle).st_ino:
            self.path.replace(self.path.with_name(self.path.name + OLDER))

    def _end_half_line(self, handle: int) -> None:
        """Start a new line where a run was killed, or the disk full, in the middle of one."""
        size = os.fstat(handle).st_size
        if size and os.pread(handle, 1, size - 1) != b"\n":
            os.write(handle, b"\n")


def read_records(path: Path) -> Iterator[object]:
    """Return the records of a journal, the older half first; None stands for a line that is no JSON.

    Raises:
        RenfortError: the journal is there and cannot be read.
    """
    for file in (path.with_name(path.name + OLDER), path):
        try:
            with file.open("rb") as lines:
                for line in lines:
                    if line.strip():
                        yield _decoded(line)
        except FileNotFoundError:
            continue
        except OSError as error:
            raise RenfortError(
                f"Cannot read the journal {file}: {error.strerror}.",
                hint="Check its rights, or name another file in RENFORT_JOURNAL.",
            ) from error


def _decoded(line: bytes) -> object:
    with contextlib.suppress(ValueError, RecursionError):
        return json.loads(line)
    return None
