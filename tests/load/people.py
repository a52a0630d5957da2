# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The users of the portals in a steady load, for locust: signed in once, then reading and writing.

The environment says where they go: RENFORT_LOAD_PORTALS (host names), RENFORT_LOAD_ADDRESSES (the addresses
that answer for them, taken in turns), RENFORT_LOAD_CA (the authority of their certificates),
RENFORT_LOAD_ACCOUNTS (a JSON list of {"portal", "username", "password"}).
"""

from __future__ import annotations

import itertools
import json
import os
import re
import socket
from collections.abc import Iterator
from html import unescape
from typing import Any

from locust import HttpUser, between, task
from locust.exception import StopUser

PORTALS = os.environ["RENFORT_LOAD_PORTALS"].split(",")
ADDRESSES: Iterator[str] = itertools.cycle(os.environ["RENFORT_LOAD_ADDRESSES"].split(","))
ACCOUNTS: Iterator[dict[str, str]] = itertools.cycle(json.loads(os.environ["RENFORT_LOAD_ACCOUNTS"]))

HIDDEN_FIELD = re.compile(r'<input[^>]*type="hidden"[^>]*>')
ATTRIBUTE = re.compile(r'(name|value)="([^"]*)"')

_resolve = socket.getaddrinfo


def _to_the_platform(host: Any, *rest: Any, **more: Any) -> Any:
    """Resolve the portals to the platform's addresses: their names exist in no DNS."""
    return _resolve(next(ADDRESSES) if host in PORTALS else host, *rest, **more)


socket.getaddrinfo = _to_the_platform


class Person(HttpUser):
    """Somebody who signs in, reads the personal page and the messages, and now and then writes one."""

    host = f"https://{PORTALS[0]}"
    wait_time = between(0.5, 1.5)

    def on_start(self) -> None:
        """Sign in through the sign-in service; without it there is nothing to measure."""
        self.account = next(ACCOUNTS)
        self.portal = f"https://{self.account['portal']}"
        self.client.verify = os.environ["RENFORT_LOAD_CA"]
        self.client.trust_env = False
        form = self.client.get(f"{self.portal}/login", name="sign-in form")
        fields = hidden_fields(form.text)
        fields |= {"username": self.account["username"], "password": self.account["password"]}
        # Sign-in services refuse forms that do not say from where they come.
        whence = {"Referer": form.url}
        with self.client.post(
            form.url, data=fields, headers=whence, name="sign in", catch_response=True
        ) as answer:
            if answer.status_code != 200 or not answer.url.startswith(f"{self.portal}/home"):
                answer.failure(f"ended at {answer.url.partition('?')[0]} with {answer.status_code}")
                raise StopUser

    @task(6)
    def read_the_personal_page(self) -> None:
        """The page that everybody opens first; losing the session on the way is a failure."""
        with self.client.get(f"{self.portal}/home", name="personal page", catch_response=True) as answer:
            if answer.status_code == 200 and not answer.url.startswith(f"{self.portal}/home"):
                answer.failure(f"signed out: ended at {answer.url.partition('?')[0]}")

    @task(3)
    def read_the_public_page(self) -> None:
        """The page for everybody."""
        self.client.get(f"{self.portal}/", name="public page")

    @task(2)
    def read_the_messages(self) -> None:
        """The inbox."""
        self.client.get(f"{self.portal}/messages", name="inbox")

    @task(1)
    def write_a_message(self) -> None:
        """A message to oneself: it comes back with the next look into the inbox."""
        form = self.client.get(f"{self.portal}/messages/new", name="message form")
        fields = hidden_fields(form.text)
        fields |= {"to": self.account["username"], "subject": "Devoirs", "body": "Pour demain."}
        self.client.post(f"{self.portal}/messages/new", data=fields, name="send a message")


def hidden_fields(page: str) -> dict[str, str]:
    """The hidden inputs of a page's forms, by name."""
    found = {}
    for field in HIDDEN_FIELD.findall(page):
        pairs = dict(ATTRIBUTE.findall(field))
        if "name" in pairs:
            found[pairs["name"]] = unescape(pairs.get("value", ""))
    return found
