# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The tally of a run as a file: its callback writes it, the guard before each wave reads it."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Mapping
from pathlib import Path

from .core.errors import RenfortError
from .core.tally import Tally

TALLY_VARIABLE = "RENFORT_TALLY"
"""Tells the workers of a run where its tally is."""

RUN_DIR_VARIABLE = "RENFORT_RUN_DIR"
"""Names the folder of a run's artefacts, where whoever starts the run made one."""

TALLY_NAME = "tally.json"
RESUME_NAME = "resume.txt"

KEPT_RUNS = 20
"""How many folders of runs that made their own are kept."""


def run_folder(environment: Mapping[str, str], run: str) -> Path:
    """Return the folder of a run: the one named by whoever started it, else one in the state directory.

    Args:
        environment: that of the process.
        run: the run's own name, which sorts by time.
    """
    stated = environment.get(RUN_DIR_VARIABLE)
    if stated:
        return Path(stated).expanduser()
    state = Path(environment.get("XDG_STATE_HOME") or "~/.local/state").expanduser()
    return state / "renfort" / "waves" / run


def make_folder(folder: Path) -> None:
    """Make the folder of a run, and remove the oldest beside it where it is one that runs make themselves.

    Raises:
        RenfortError: it cannot be made.
    """
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise _unwritable(folder, error) from error
    if folder.parent.name == "waves":
        for old in sorted(path for path in folder.parent.iterdir() if path.is_dir())[:-KEPT_RUNS]:
            # Another run may be removing the same folder at this moment.
            shutil.rmtree(old, ignore_errors=True)


def write_tally(folder: Path, tally: Tally) -> None:
    """Write the tally, whole or not at all.

    Raises:
        RenfortError: it cannot be written.
    """
    _write(folder / TALLY_NAME, json.dumps(tally.as_record(), ensure_ascii=False))


def write_resume_list(folder: Path, machines: list[str]) -> Path:
    """Write the machines that are left, one a line, as ``--limit @FILE`` reads them; the file.

    Raises:
        RenfortError: it cannot be written.
    """
    path = folder / RESUME_NAME
    _write(path, "".join(f"{name}\n" for name in machines))
    return path


def read_tally(environment: Mapping[str, str]) -> Tally:
    """Read the tally of the run that this process belongs to.

    Raises:
        RenfortError: nobody keeps one, or it cannot be read.
    """
    path = environment.get(TALLY_VARIABLE)
    if not path:
        raise RenfortError(
            "Nobody counts the failures of this run, so that no wave may begin.",
            hint="Name ent.renfort.waves in callbacks_enabled of ansible.cfg, as the project's own does.",
        )
    try:
        return Tally.from_record(json.loads(Path(path).read_text(encoding="utf-8")))
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise RenfortError(
            f"Cannot read the tally of this run, {path}: {error}.", hint="Start the run again."
        ) from error


def _write(path: Path, text: str) -> None:
    partial = path.with_name(f"{path.name}.{os.getpid()}")
    try:
        partial.write_text(text, encoding="utf-8")
        partial.replace(path)
    except OSError as error:
        raise _unwritable(path, error) from error


def _unwritable(path: Path, error: OSError) -> RenfortError:
    return RenfortError(
        f"Cannot write {path}: {error.strerror}.",
        hint=f"Check its rights and the room on its disk, or name another folder in {RUN_DIR_VARIABLE}.",
    )
