# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The scenario's portal as its people, its relay and its operators meet it."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import testinfra

FIRST, SECOND = "10.84.0.21", "10.84.0.23"
MACHINES = {FIRST: "web-13", SECOND: "web-13b"}
SWITCHES = "/etc/renfort/portal-switches.json"
MAILS = "/var/lib/relay-stand-in/mails.jsonl"
NAME = "eure.ent.example"


def machine(address: str = FIRST) -> Any:
    """A web machine; the first one carries the databases and the stand-ins as well."""
    return testinfra.get_host(f"podman://{MACHINES[address]}")


def run_portal(address: str, module: str) -> str:
    """What a command of the release says when an operator runs it as its service would run."""
    return str(
        machine(address).check_output(
            "systemd-run --quiet --wait --pipe --property=User=web-app --property=StateDirectory=web-app"
            " --property=EnvironmentFile=/etc/renfort/web-app.env"
            f" --property=WorkingDirectory=/opt/web-app/current python3 -m {module}"
        )
    )


def until(condition: Callable[[], bool], seconds: float) -> float:
    """Wait for a condition; how long it took."""
    started = time.monotonic()
    while not condition():
        assert time.monotonic() < started + seconds, f"not so after {seconds} s"
        time.sleep(0.2)
    return time.monotonic() - started


def switch(**state: Any) -> None:
    """Throw switches on both machines as a configuration tool does, and wait until they are looked at."""
    for address in MACHINES:
        machine(address).check_output(
            "printf %s > %s && mv %s %s", json.dumps(state), f"{SWITCHES}.new", f"{SWITCHES}.new", SWITCHES
        )
    time.sleep(1.2)


def state(address: str = FIRST) -> dict[str, Any]:
    """What the machine itself is told of its state, newly asked of the databases."""
    time.sleep(5.1)
    found: dict[str, Any] = json.loads(machine(address).check_output("curl -sS http://127.0.0.1/status.json"))
    return found


def mails() -> list[dict[str, Any]]:
    """What the relay has taken."""
    lines = machine().run(f"cat {MAILS}").stdout.splitlines()
    return [json.loads(line) for line in lines]


class Browser:
    """Keeps cookies, whichever machine answers."""

    def __init__(self) -> None:
        self.cookies: dict[str, str] = {}
        self._client = httpx.Client(verify=False, timeout=60)  # nothing here speaks TLS

    def ask(self, path: str, at: str = FIRST, form: dict[str, str] | None = None) -> httpx.Response:
        """One request, redirects not followed."""
        cookie = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        headers = {"Host": NAME, "Cookie": cookie} if cookie else {"Host": NAME}
        method = "GET" if form is None else "POST"
        answer = self._client.request(method, f"http://{at}{path}", headers=headers, data=form)
        self._client.cookies.clear()
        for morsel in answer.headers.get_list("set-cookie"):
            name, _, value = morsel.split(";")[0].partition("=")
            self.cookies[name] = value
        return answer

    def sign_in(self, user: str, at: str = FIRST) -> httpx.Response:
        """Through CAS and back to the portal."""
        service = parse_qs(urlsplit(self.ask("/login", at).headers["location"]).query)["service"][0]
        login = httpx.get(
            f"http://{FIRST}:8090/cas/login", params={"service": service, "as": user}, headers={"Host": NAME}
        )
        return self.ask(login.headers["location"].removeprefix(f"http://{NAME}"), at)

    def send(self, subject: str, at: str = FIRST, **fields: str) -> httpx.Response:
        """Fill the form in and send it."""
        page = self.ask("/messages/new", at).text
        hidden = dict(re.findall(r'name="(csrf|submission)" value="([^"]*)"', page))
        form = {**hidden, "to": "", "subject": subject, "body": "Bonjour", **fields}
        return self.ask("/messages/new", at, form)

    def group(self) -> str:
        """The class of the first pupils and parents, as the form offers it."""
        return re.findall(r'<option value="([^"]+-6A)"', self.ask("/messages/new").text)[0]
