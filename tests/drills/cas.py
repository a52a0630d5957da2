# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Drill: a machine of the CAS loses its power while people log in through the load balancer.

Each person opens the login page, sends the form, and the service validates the ticket. A page that does not
come is asked for again by the load balancer; a form that is lost on the way is not: its sender sees an error
and logs in again. Both are counted. A validation that the load balancer asks for again may find its ticket
used up: the machine had read it and could not say so any more. Logins per second are those of this host,
which all machines share.
"""

from __future__ import annotations

import argparse
import json
import sys
import threading
import time
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

import httpx

from lab.cas_browser import Browser, ticket_in

from .figures import Figure, show
from .scenario import Machines, scenario

SERVICE = "https://portal.test/"
VICTIM = "cas-a"
PASSWORD = "drill"
ACCOUNTS = 2000
PEOPLE = 8
"""Who log in at the same time, one login after another."""

BEFORE_SECONDS = 15.0
AFTER_SECONDS = 20.0
TRIES = 3
"""How often a person tries before they give up."""

IMPORT = f"""
set -e
hash=$(echo {PASSWORD} | cas-manage cas_hash_password)
python3 /usr/local/lib/accounts.py {ACCOUNTS} "$hash" | cas-manage cas_import_accounts -
"""


@dataclass(kw_only=True)
class Seen:
    """What the people saw; times are those of time.monotonic()."""

    lock: threading.Lock = field(default_factory=threading.Lock)
    done: list[float] = field(default_factory=list)
    given_up: int = 0
    errors: list[tuple[float, str]] = field(default_factory=list)
    slowest: float = 0.0

    def success(self, started: float) -> None:
        """Somebody is logged in."""
        with self.lock:
            self.done.append(time.monotonic())
            self.slowest = max(self.slowest, time.monotonic() - started)

    def error(self, what: str) -> None:
        """Somebody saw an error."""
        with self.lock:
            self.errors.append((time.monotonic(), what))

    def longest_gap(self, start: float, end: float) -> float:
        """The longest time within which nobody was logged in, in seconds."""
        times = [start, *(moment for moment in sorted(self.done) if start <= moment <= end), end]
        return max(late - early for early, late in pairwise(times))


def log_in(browser: Browser, name: str, seen: Seen) -> bool:
    """One try of one person; what went wrong is noted by the step at which it did."""
    step = "page"
    try:
        page = browser.get("/cas/login", service=SERVICE)
        page.raise_for_status()
        step = "form"
        ticket = ticket_in(browser.send_form(page, name, PASSWORD, SERVICE))
        step = "validation"
        if "authenticationSuccess" not in browser.validate(ticket, SERVICE):
            raise ValueError("the ticket was refused")
    except (httpx.HTTPError, ValueError) as error:
        seen.error(step)
        print(f"  {name}: {step}: {error}", file=sys.stderr)
        return False
    return True


def person(number: int, authority: Path, seen: Seen, stop: threading.Event) -> None:
    """Log in as one account after another until told to stop."""
    turn = 0
    while not stop.is_set():
        name = f"user-{(turn * PEOPLE + number) % ACCOUNTS:06d}"
        started = time.monotonic()
        for _ in range(TRIES):
            browser = Browser(address="https://10.84.0.41", host="portal.test", ca_file=str(authority))
            succeeded = log_in(browser, name, seen)
            browser.close()
            if succeeded:
                seen.success(started)
                break
            time.sleep(0.5)
        else:
            with seen.lock:
                seen.given_up += 1
        turn += 1


def run(machines: Machines, authority: Path) -> list[Figure]:
    """Log in, cut the power, go on; the figures."""
    imported = json.loads(machines.run("cas-b", "sh", "-c", IMPORT).stdout.splitlines()[-1])
    print(f"accounts: {imported}", file=sys.stderr)
    seen, stop = Seen(), threading.Event()
    people = [
        threading.Thread(target=person, args=(number, authority, seen, stop)) for number in range(PEOPLE)
    ]
    start = time.monotonic()
    for thread in people:
        thread.start()
    time.sleep(BEFORE_SECONDS)
    print(f"power of {VICTIM} cut", file=sys.stderr)
    cut = time.monotonic()
    machines.cut_the_power(VICTIM)
    time.sleep(AFTER_SECONDS)
    stop.set()
    for thread in people:
        thread.join()
    end = time.monotonic()
    return figures(seen, start, cut, end)


def figures(seen: Seen, start: float, cut: float, end: float) -> list[Figure]:
    """What is shown."""
    before = sum(moment < cut for moment in seen.done)
    after = len(seen.done) - before
    early = sum(moment < cut for moment, _ in seen.errors)
    forms = sum(step == "form" for moment, step in seen.errors if moment >= cut)
    pages = sum(step != "form" for moment, step in seen.errors if moment >= cut)
    return [
        Figure(key="logins", value=len(seen.done), target="> 0"),
        Figure(key="logins_per_second_two_machines", value=before / (cut - start)),
        Figure(key="logins_per_second_one_machine", value=after / (end - cut)),
        Figure(key="errors_seen_before_the_cut", value=early, target="= 0"),
        Figure(key="pages_and_validations_lost", value=pages, target=f"≤ {PEOPLE}"),
        Figure(key="forms_lost_in_flight", value=forms, target=f"≤ {PEOPLE}"),
        Figure(key="people_who_gave_up", value=seen.given_up, target="= 0"),
        Figure(key="longest_interruption_seconds", value=seen.longest_gap(cut, end), target="≤ 5"),
        Figure(key="slowest_login_seconds", value=seen.slowest, target="≤ 15"),
    ]


def main() -> int:
    """Run the drill; 1 when a target is missed."""
    parser = argparse.ArgumentParser(prog="python -m tests.drills.cas", description=__doc__)
    parser.add_argument("--keep", action="store_true", help="leave the machines, to look at them")
    options = parser.parse_args()
    with scenario("cas", keep=options.keep) as machines:
        made = machines.run("cas-front", "cat", "/etc/ssl/scenario-ca.pem").stdout
        authority = Path("build/drill-cas-ca.pem")
        authority.parent.mkdir(exist_ok=True)
        authority.write_text(made, encoding="utf-8")
        return show("drill-cas", run(machines, authority))


if __name__ == "__main__":
    sys.exit(main())
