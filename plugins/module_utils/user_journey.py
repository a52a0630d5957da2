# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a user does on a school day, at every machine: sign in, read, write, and receive the mail of it."""

from __future__ import annotations

import json
import secrets
import time
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Never

import httpx

from .browser import Browser, BrowserError, Page
from .core.errors import RenfortError

PAUSE_S = 0.5
"""Seconds between two looks for what is awaited."""


class JourneyError(RenfortError):
    """A user would have been stopped: at which step, and what was seen there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """Whom to sign in as; the mailbox is an address that answers with a JSON list of what arrived."""

    username: str
    password: str = field(repr=False)
    mailbox: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Paths:
    """Where the portal has its pages."""

    public: str = "/"
    login: str = "/login"
    home: str = "/home"
    inbox: str = "/messages"
    compose: str = "/messages/new"
    logout: str = "/logout"


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """A journey through one address.

    ``web`` and ``cas`` are the machines that must each have had their part in it; ``wait_s`` bounds how
    long they, the message and the mail are waited for.
    """

    portal: str
    address: str
    port: int = 443
    ca_file: str = ""
    account: Account
    web: frozenset[str] = frozenset()
    cas: frozenset[str] = frozenset()
    message: bool = True
    wait_s: float = 60.0
    paths: Paths = field(default_factory=Paths)


@dataclass(slots=True)
class Journey:
    """What was done, step by step: a line each."""

    steps: list[str] = field(default_factory=list)


class Traveller:
    """Goes one journey. Every step raises JourneyError, which names it and what was seen."""

    def __init__(
        self,
        request: Request,
        *,
        clock: Callable[[], float] = time.monotonic,
        pause: Callable[[float], None] = time.sleep,
    ) -> None:
        self._request = request
        self._clock = clock
        self._pause = pause
        self.journey = Journey()

    def go(self) -> Journey:
        """Go the whole way.

        Raises:
            JourneyError: a user would have been stopped.
        """
        with self._browser() as browser, self._step("public page"):
            page = browser.open(self._request.paths.public)
            self._expect(page, page.status == 200)
            self._done("public page", page.machine)
        self._sign_in_everywhere()
        with self._browser() as browser:
            self._sign_in(browser)
            self._read_everywhere(browser)
            if self._request.message:
                self._write(browser)
            with self._step("sign-out"):
                browser.open(self._request.paths.logout)
                page = browser.open(self._request.paths.home)
                self._expect(page, not self._signed_in(page), "the personal page is still shown")
                self._done("sign-out", "")
        return self.journey

    def _sign_in_everywhere(self) -> None:
        """Sign in as a new person each time, until every CAS server has taken the password of one."""
        seen: set[str] = set()
        servers = max(1, len(self._request.cas))
        for attempt, _ in enumerate(self._tries()):
            with self._browser() as browser, self._step("sign-in"):
                # Dealt out in turns, people who ask equally often may always meet the same server: after as
                # many attempts as there are servers, one question more each. Some number meets them all.
                for _ in range(attempt // servers % servers):
                    browser.open(self._request.paths.login)
                seen.add(self._sign_in(browser))
            if self._request.cas <= seen:
                self._done("sign-in", *sorted(seen))
                return
        self._stop("sign-in", f"no sign-in led to {_names(self._request.cas - seen)}")

    def _sign_in(self, browser: Browser) -> str:
        """Sign in; the CAS server that took the password."""
        request = self._request
        with self._step("sign-in"):
            page = browser.open(request.paths.login)
            form = page.form_with("username", "password")
            if form is None:
                self._stop("sign-in", f"{page.where}, without a form for a name and a password")
            credentials = {"username": request.account.username, "password": request.account.password}
            page = browser.send(page, form, credentials)
            if page.form_with("username", "password"):
                self._stop("sign-in", f"{request.account.username} was not let in: {page.where}")
            self._expect(page, self._signed_in(page))
            return page.first

    def _signed_in(self, page: Page) -> bool:
        return page.status == 200 and page.url.path == self._request.paths.home

    def _read_everywhere(self, browser: Browser) -> None:
        """Read the personal page, signed in once, until every web machine has shown it."""
        seen: set[str] = set()
        for _ in self._tries():
            with self._step("personal page"):
                page = browser.open(self._request.paths.home)
                self._expect(page, self._signed_in(page))
            seen.add(page.machine)
            if self._request.web <= seen:
                self._done("personal page", *sorted(seen))
                return
        self._stop("personal page", f"never shown by {_names(self._request.web - seen)}")

    def _write(self, browser: Browser) -> None:
        """Write a message to oneself, find it in the inbox and its mail in the mailbox."""
        request, subject = self._request, f"Verification {secrets.token_hex(6)}"
        with self._step("mailbox"):
            before = self._mails()
        with self._step("message"):
            page = browser.open(request.paths.compose)
            form = page.form_with("to", "subject", "body")
            if form is None:
                self._stop("message", f"{page.where}, without a form for a message")
            text = {"to": request.account.username, "subject": subject, "body": "Renfort"}
            page = browser.send(page, form, text)
            self._expect(page, page.status == 200 and page.url.path == request.paths.inbox)
            self._done("message", page.machine)
            for _ in self._tries():
                page = browser.open(request.paths.inbox)
                if subject in page.text:
                    break
            else:
                self._stop("inbox", f"the message {subject!r} never arrived")
            self._done("inbox", page.machine)
        if request.account.mailbox:
            with self._step("mail"):
                for _ in self._tries():
                    if self._mails() - before:
                        self._done("mail", "")
                        return
                self._stop("mail", f"no mail arrived in {request.wait_s:.0f} s at {request.account.mailbox}")

    def _mails(self) -> set[str]:
        """What the mailbox holds, each as text; empty where there is none to look into."""
        mailbox = self._request.account.mailbox
        if not mailbox:
            return set()
        try:
            answer = httpx.get(mailbox, timeout=15, trust_env=False).raise_for_status().json()
        except (httpx.HTTPError, ValueError) as error:
            raise BrowserError(f"The mailbox {mailbox} cannot be looked into: {error}.") from error
        if not isinstance(answer, list):
            raise BrowserError(f"The mailbox {mailbox} answers with no list.")
        return {json.dumps(item, sort_keys=True) for item in answer}

    def _browser(self) -> Browser:
        request = self._request
        return Browser(request.portal, request.address, ca_file=request.ca_file, port=request.port)

    def _tries(self) -> Iterator[None]:
        """Go on trying until the time is over, once at least."""
        deadline = self._clock() + self._request.wait_s
        while True:
            yield
            if self._clock() >= deadline:
                return
            self._pause(PAUSE_S)

    @contextmanager
    def _step(self, name: str) -> Iterator[None]:
        try:
            yield
        except BrowserError as error:
            self._stop(name, str(error))

    def _expect(self, page: Page, good: bool, problem: str = "") -> None:
        if not good:
            raise BrowserError(problem or page.where)

    def _done(self, step: str, *machines: str) -> None:
        named = [machine for machine in machines if machine]
        self.journey.steps.append(f"{step}: {', '.join(named)}" if named else step)

    def _stop(self, step: str, seen: str) -> Never:
        request = self._request
        raise JourneyError(
            f"{request.portal} through {request.address}: {step}: {seen.rstrip('.')}.",
            hint=f"Before it: {'; '.join(self.journey.steps) or 'nothing'}.",
        )


def _names(machines: Collection[str]) -> str:
    return ", ".join(sorted(machines))
