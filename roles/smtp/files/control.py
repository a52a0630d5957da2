#!/usr/bin/env python3
# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""renfort-smtp: hold notification mail and let it go, drain the relay and put it back, see what it has."""

from __future__ import annotations

import argparse
import contextlib
import fcntl
import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from queues import read_all

SETTINGS = Path("/etc/renfort/smtp.json")
SWITCHES = Path("/etc/renfort/smtp-switches.json")
SWITCH = "hold_notification_mail"
PEOPLE, NOTIFY = "/etc/postfix", "/etc/postfix-notify"
HOLD_MAP = Path(NOTIFY, "hold")
STATE = Path("/var/lib/renfort-smtp")
HELD = STATE / "held"
"""There while notifications are held, and until the last of them has been let go."""

DISABLED = "master_service_disable"
SWEEPS, SWEEP_SECONDS = 15, 1.0


class ControlError(Exception):
    """What was attempted and did not work."""


def main() -> int:
    """The command line; 1 with one line on standard error when something does not work."""
    actions = {
        "hold": lambda: switch(True),
        "release": lambda: switch(False),
        "apply": apply,
        "drain": lambda: take_mail(False),
        "undrain": lambda: take_mail(True),
        "empty": lambda: empty(arguments.within),
        "status": show,
    }
    parser = argparse.ArgumentParser(prog="renfort-smtp", description=__doc__)
    parser.add_argument("action", choices=list(actions))
    parser.add_argument("--within", type=float, default=120, help="seconds that `empty` waits (default: 120)")
    arguments = parser.parse_args()
    action = arguments.action
    try:
        # Waiting changes nothing: meanwhile held mail may be let go.
        with contextlib.nullcontext() if action in ("empty", "status") else locked():
            actions[action]()
    except (ControlError, OSError, ValueError) as error:
        print(f"renfort-smtp {action}: {error}", file=sys.stderr)
        return 1
    return 0


class locked:  # noqa: N801  # reads as a statement
    """One change at a time."""

    def __enter__(self) -> None:
        self._file = (STATE / "lock").open("w")
        fcntl.flock(self._file, fcntl.LOCK_EX)

    def __exit__(self, *_: object) -> None:
        self._file.close()


def run(*argv: str, stdin: str = "") -> str:
    """Run a command that must succeed; both its outputs."""
    done = subprocess.run(
        argv, input=stdin, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False
    )
    if done.returncode:
        raise ControlError(f"{' '.join(argv)}: {done.stdout.strip()}")
    return done.stdout


def wanted() -> bool:
    """What the switch says; without a file notifications go out."""
    try:
        data = json.loads(SWITCHES.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return False
    value = data.get(SWITCH, False) if isinstance(data, dict) else None
    if not isinstance(value, bool):
        raise ControlError(f'{SWITCHES}: expected {{"{SWITCH}": true}} or false; nothing was changed')
    return value


def switch(hold: bool) -> None:
    """Set the switch and bring it into effect."""
    write(SWITCHES, json.dumps({SWITCH: hold}) + "\n")
    apply()


def apply() -> None:
    """Bring Postfix to what the switch says, and say what changed."""
    done: bool | None = None
    # systemd does not see the file change while this runs.
    while (now := wanted()) != done:
        if now:
            hold()
        else:
            release()
        done = now


def hold() -> None:
    """Hold what comes from now on and what is in the queue; what is being delivered now still goes out."""
    internal = json.loads(SETTINGS.read_text(encoding="utf-8"))["internal_domains"]
    # The note comes first: a run that stops here is undone by a release.
    if not HELD.exists():
        HELD.touch()
        print("notifications are held")
    changed = set_map(hold_map(internal))
    if changed:
        reload()
    # Processes that were receiving under the former map may queue a few messages more.
    quiet = 0
    for _ in range(SWEEPS):
        found = [
            row["queue_id"]
            for row in queued(NOTIFY)
            if row["queue_name"] != "hold" and external(row, internal)
        ]
        quiet = 0 if found else quiet + 1
        if found:
            run("postsuper", "-c", NOTIFY, "-h", "-", stdin="\n".join(found) + "\n")
        if quiet == 2 or not changed:
            return
        time.sleep(SWEEP_SECONDS)


def release() -> None:
    """Let go of all that is held. It enters the queue anew: the time on hold does not shorten its life."""
    if set_map(""):
        reload()
    if HELD.exists():
        run("postsuper", "-c", NOTIFY, "-r", "ALL", "hold")
        # Postfix would look for what enters anew once a minute.
        run("postkick", "-c", NOTIFY, "public", "pickup", "W")
        HELD.unlink()
        print("notifications go out")


def hold_map(internal: list[str]) -> str:
    """The map that holds every recipient outside the platform."""
    spared = [f"/@{re.escape(domain)}$/ DUNNO" for domain in internal]
    return "\n".join([*spared, "/./ HOLD notification mail is held (renfort-smtp release)"]) + "\n"


def external(row: dict[str, Any], internal: list[str]) -> bool:
    """Whether a queued message has a recipient outside the platform."""
    domains = {recipient["address"].rpartition("@")[2].lower() for recipient in row["recipients"]}
    return bool(domains - {domain.lower() for domain in internal})


def queued(directory: str) -> Iterator[dict[str, Any]]:
    """The messages in the queues of a class."""
    for line in run("postqueue", "-c", directory, "-j").splitlines():
        if line.startswith("{"):
            yield json.loads(line)


def set_map(text: str) -> bool:
    """Write the map of what is held; whether it changed."""
    if HOLD_MAP.exists() and HOLD_MAP.read_text(encoding="utf-8") == text:
        return False
    write(HOLD_MAP, text)
    return True


def write(path: Path, text: str) -> None:
    """Replace a file at once."""
    draft = path.with_name(f".{path.name}.new")
    draft.write_text(text, encoding="utf-8")
    draft.chmod(0o644)
    draft.replace(path)


def reload() -> None:
    """Have the notifications' Postfix read its map again, if it runs."""
    run("systemctl", "try-reload-or-restart", "postfix@notify.service")


def take_mail(on: bool) -> None:
    """Open or close the ports; what is queued goes out in both cases."""
    closed = "" if on else "inet"
    if run("postconf", "-c", PEOPLE, "-h", DISABLED).strip() != closed:
        run("postconf", "-c", PEOPLE, "-e", f"{DISABLED}={closed}")
        run("systemctl", "try-reload-or-restart", "postfix.service")
        print("the relay takes mail" if on else "the relay takes no mail")


def empty(within: float) -> None:
    """Send all that is queued, and wait until nothing is left."""
    for directory in (PEOPLE, NOTIFY):
        run("postqueue", "-c", directory, "-f")
    limit = time.monotonic() + within
    while left := messages():
        if time.monotonic() > limit:
            raise ControlError(
                f"{left} messages are left after {within:.0f} s, held ones included. Wait and try again, let "
                "held ones go (renfort-smtp release), or put the relay back in service (renfort-smtp undrain)"
            )
        time.sleep(0.5)


def messages() -> int:
    """Messages in all queues."""
    return sum(queue.messages for found in read_all().values() for queue in found.values())


def show() -> None:
    """Print what the relay has and how it is switched, as JSON; ``left`` must be 0 before it is removed."""
    queues = {
        name: {queue: {"messages": it.messages, "oldest": it.oldest} for queue, it in found.items()}
        for name, found in read_all().items()
    }
    draining = run("postconf", "-c", PEOPLE, "-h", DISABLED).strip() != ""
    print(json.dumps({"queues": queues, "left": messages(), "held": HELD.exists(), "draining": draining}))


if __name__ == "__main__":
    os.umask(0o022)
    sys.exit(main())
