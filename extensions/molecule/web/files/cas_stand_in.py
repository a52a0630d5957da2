# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""As much of a CAS server as the portal sees: whoever ``as`` names is signed in, without a password."""

from __future__ import annotations

import secrets
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qsl, urlencode, urlsplit
from xml.sax.saxutils import escape

TICKETS: dict[str, tuple[str, str]] = {}
"""Ticket to user name and service, until it is validated."""

USED: dict[str, tuple[str, str]] = {}
"""The same after that, for the single logout."""

SUCCESS = """<cas:serviceResponse xmlns:cas="http://www.yale.edu/tp/cas"><cas:authenticationSuccess>
<cas:user>{user}</cas:user><cas:attributes><cas:profile>{profile}</cas:profile><cas:name>{name}</cas:name>
</cas:attributes></cas:authenticationSuccess></cas:serviceResponse>"""

FAILURE = """<cas:serviceResponse xmlns:cas="http://www.yale.edu/tp/cas">
<cas:authenticationFailure code="INVALID_TICKET">no</cas:authenticationFailure></cas:serviceResponse>"""

LOGOUT = """<samlp:LogoutRequest xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol">
<samlp:SessionIndex>{ticket}</samlp:SessionIndex></samlp:LogoutRequest>"""


class Handler(BaseHTTPRequestHandler):
    """login, p3/serviceValidate, and logout by ticket."""

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        query = dict(parse_qsl(parts.query))
        handler = {
            "/cas/login": self.login,
            "/cas/p3/serviceValidate": self.validate,
            "/cas/end": self.end,
        }.get(parts.path)
        if handler is None or self.headers["Host"] != "eure.ent.example":
            self.send_error(404)
        else:
            handler(query)

    def login(self, query: dict[str, str]) -> None:
        ticket = f"ST-{secrets.token_hex(8)}"
        TICKETS[ticket] = (query["as"], query["service"])
        separator = "&" if urlsplit(query["service"]).query else "?"
        self.send_response(302)
        self.send_header("Location", f"{query['service']}{separator}ticket={ticket}")
        self.end_headers()

    def validate(self, query: dict[str, str]) -> None:
        user, service = TICKETS.pop(query["ticket"], ("", ""))
        if not user or service != query["service"]:
            self.say(FAILURE)
            return
        USED[query["ticket"]] = (user, service)
        profile = user.rstrip("0123456789")
        self.say(SUCCESS.format(user=escape(user), profile=profile, name=f"Zoé &amp; {escape(user)}"))

    def end(self, query: dict[str, str]) -> None:
        """Send the single logout of a user's tickets to the web machine that is named, as CAS does."""
        count = 0
        for ticket in [ticket for ticket, (user, _) in USED.items() if user == query["as"]]:
            service = urlsplit(USED.pop(ticket)[1])
            form = urlencode({"logoutRequest": LOGOUT.format(ticket=ticket)}).encode()
            target = f"http://{query['at']}{service.path}?{service.query}"
            urllib.request.urlopen(urllib.request.Request(target, data=form), timeout=10).close()
            count += 1
        self.say(str(count))

    def say(self, text: str) -> None:
        body = text.encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


if __name__ == "__main__":
    ThreadingHTTPServer(("0.0.0.0", 8090), Handler).serve_forever()
