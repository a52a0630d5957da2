# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The pages of the internal messages."""

from __future__ import annotations

import hmac
import re
import secrets

from .answers import Answer, redirect
from .directory import Directory
from .messaging import LATEST, PAGE, Draft, Messaging, Recipient
from .request import Request
from .services import Services
from .sessions import Session

SUBJECT_CHARACTERS = 150
BODY_CHARACTERS = 20_000
PEOPLE = 20
"""User names in one form; who writes to more writes to a class."""

SUBMISSION = re.compile(r"[A-Za-z0-9_-]{16,64}")


class FormError(Exception):
    """A form that cannot be sent as it is; the message is the name of the text that says why."""


class Mailbox:
    """The addresses below /messages, for a person who is signed in."""

    def __init__(self, services: Services) -> None:
        self._services = services

    def answer(self, request: Request, session: Session) -> Answer | None:
        """The answer to a request below /messages; None when there is no such page."""
        services = self._services
        if not (services.messaging and services.directory and session.person.username):
            return None
        if request.path == "/messages/new":
            if request.method == "POST":
                return self._send(request, session, services.messaging, services.directory)
            return self._form(request, session, services.directory)
        if request.method == "POST":
            return None
        if request.path == "/messages":
            return self._inbox(request, session, services.messaging)
        number = request.path.removeprefix("/messages/")
        if number.isascii() and number.isdigit() and int(number) <= LATEST:
            return self._message(request, session, services.messaging, int(number))
        return None

    def _inbox(self, request: Request, session: Session, messaging: Messaging) -> Answer:
        before = request.query.get("before", "")
        usable = before.isascii() and before.isdigit() and int(before) <= LATEST
        found = messaging.inbox(session.person.username, before=int(before) if usable else LATEST)
        older = found[-1].id if len(found) == PAGE else 0
        return self._services.pages.page(
            "inbox.html", request, messages=found, older=older, sent="sent" in request.query
        )

    def _message(
        self, request: Request, session: Session, messaging: Messaging, number: int
    ) -> Answer | None:
        found = messaging.read(session.person.username, number)
        return self._services.pages.page("message.html", request, message=found) if found else None

    def _form(self, request: Request, session: Session, directory: Directory, *, trouble: str = "") -> Answer:
        given = {name: request.form.get(name, "") for name in ("to", "group", "subject", "body")}
        return self._services.pages.page(
            "compose.html",
            request,
            status="400 Bad Request" if trouble else "200 OK",
            csrf=session.csrf,
            submission=secrets.token_urlsafe(16),
            groups=directory.classes(session.person),
            given=given,
            trouble=trouble,
        )

    def _send(self, request: Request, session: Session, messaging: Messaging, directory: Directory) -> Answer:
        form = request.form
        if not session.csrf or not hmac.compare_digest(form.get("csrf", "").encode(), session.csrf.encode()):
            return self._services.pages.page("forged.html", request, status="403 Forbidden")
        try:
            draft = read_draft(form)
            recipients = self._recipients(form, session, directory)
        except FormError as error:
            return self._form(request, session, directory, trouble=str(error))
        messaging.send(session.person, draft, recipients)
        return redirect("/messages?sent")

    def _recipients(self, form: dict[str, str], session: Session, directory: Directory) -> list[Recipient]:
        names = [name for name in re.split(r"[\s,;]+", form.get("to", "")) if name]
        if len(names) > PEOPLE:
            raise FormError("too_many_people")
        found = [directory.person(name) for name in names]
        if None in found:
            raise FormError("unknown_person")
        people = [person for person in found if person]
        if form.get("group"):
            members = directory.members(session.person, form["group"])
            if not members:
                raise FormError("unknown_class")
            people += members
        if not people:
            raise FormError("nobody")
        return people


def read_draft(form: dict[str, str]) -> Draft:
    """The message that a form holds.

    Raises:
        FormError: something is missing or too long.
    """
    subject, body = " ".join(form.get("subject", "").split()), form.get("body", "").strip()
    submission = form.get("submission", "")
    if not subject or len(subject) > SUBJECT_CHARACTERS:
        raise FormError("bad_subject")
    if not body or len(body) > BODY_CHARACTERS:
        raise FormError("bad_body")
    if not SUBMISSION.fullmatch(submission):
        raise FormError("bad_form")
    return Draft(submission=submission, subject=subject, body=body)
