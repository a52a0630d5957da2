# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The CAS protocol: django-cas-server's views with what a public service has to add."""

from __future__ import annotations

import logging
from typing import Any

import requests
from cas_server import utils
from cas_server import views as upstream
from cas_server.models import ProxyGrantingTicket, ServicePattern
from django.conf import settings
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from . import auth, locks, metrics, pages, throttle
from .models import Account

logger = logging.getLogger(__name__)

CALLBACK_SECONDS = (2, 5)
"""How long a service may take to accept a connection and a proxy-granting ticket."""


def pattern_of(service: str | None) -> ServicePattern | None:
    """The entry of the registry that a service belongs to."""
    try:
        return ServicePattern.validate(service) if service else None
    except ServicePattern.DoesNotExist:
        return None


def client_of(request: HttpRequest) -> str:
    """The client's address: nginx alone reaches us, and it passes on one address that it believes in."""
    return str(request.META.get("HTTP_X_FORWARDED_FOR") or request.META["REMOTE_ADDR"])


class _Session:
    """A request whose session was closed has a new, empty one to keep messages in."""

    def logout(self, all_session: bool = False) -> int:
        """Close the session; upstream leaves the request with one that can no longer be saved."""
        closed: int = super().logout(all_session)  # type: ignore[misc]  # a mixin
        self.request.session.flush()
        return closed


class LoginView(_Session, upstream.LoginView):  # type: ignore[misc]  # published without type information
    """Login with a throttle, for registered services only."""

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Refuse what an unregistered service asks for before anybody types a password for it."""
        service = request.POST.get("service") or request.GET.get("service")
        if service and pattern_of(service) is None:
            logger.warning("login for a service that is not registered: %.200r", service)
            return pages.page(request, "unknown_service", 403)
        return super().dispatch(request, *args, **kwargs)

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Log in, or say how long to wait."""
        try:
            return super().post(request, *args, **kwargs)
        except throttle.Throttled as refused:
            metrics.LOGINS.labels("throttled").inc()
            logger.warning("login throttled: account %.150r from %s", *self._who())
            return pages.throttled(request, refused.seconds)

    def process_post(self) -> int:
        """Look at the password unless account or address have failed too often."""
        if self.request.session.get("authenticated") and not self.renew:
            return super().process_post()
        attempt = throttle.begin(*self._who())
        outcome = super().process_post()
        if outcome == self.USER_LOGIN_FAILURE:
            metrics.LOGINS.labels("refused").inc()
            logger.warning("login refused: account %.150r from %s", *self._who())
            return outcome
        attempt.give_back()
        accepted = outcome == self.USER_LOGIN_OK
        metrics.LOGINS.labels("accepted" if accepted else "stale").inc()
        return outcome

    def user_login(self, username: str, warn: bool, warned: bool = True) -> None:
        """Open the session under a new key: one that was planted before the login is worth nothing now."""
        with transaction.atomic():
            self.request.session.cycle_key()
            super().user_login(username, warn, warned)
        logger.info("login accepted: account %r from %s", username, client_of(self.request))

    def authenticated(self) -> HttpResponse:
        """Go on with an open session, unless its account was closed meanwhile."""
        if not Account.objects.filter(username=self.request.session.get("username"), active=True).exists():
            self.logout()
            return utils.redirect_params("cas_server:login", params=self.request.GET)
        # One commit instead of four.
        with transaction.atomic():
            return super().authenticated()

    def _who(self) -> tuple[str, str]:
        return auth.normal(self.request.POST.get("username", "")), client_of(self.request)


class LogoutView(_Session, upstream.LogoutView):  # type: ignore[misc]  # published without type information
    """Logout that sends nobody to a stranger's site."""

    def init_get(self, request: HttpRequest) -> None:
        """Forget where to go afterwards unless it is registered."""
        super().init_get(request)
        metrics.LOGOUTS.inc()
        self.service = self.service if pattern_of(self.service) else None
        self.url = self.url if pattern_of(self.url) else None


class _Validation:
    """A ticket is good once: two validations at the same time, at two machines, must not both succeed."""

    def process_ticket(self) -> tuple[Any, list[str]]:
        """Find the ticket and use it up; a refusal uses it up as well, so the transaction is kept."""
        refusal: upstream.ValidateError
        with transaction.atomic():
            if "\x00" in self.ticket:
                raise upstream.ValidateError("INVALID_TICKET", "ticket not found")
            locks.hold(self.ticket)
            try:
                found: tuple[Any, list[str]] = super().process_ticket()  # type: ignore[misc]  # a mixin
            except upstream.ValidateError as error:
                refusal = error
            else:
                metrics.VALIDATIONS.labels("accepted").inc()
                return found
        metrics.VALIDATIONS.labels("refused").inc()
        raise refusal

    def process_pgturl(self, params: dict[str, Any]) -> HttpResponse:
        """Hand a proxy-granting ticket to the service, which must be registered as a proxy and answer 200."""
        pattern = pattern_of(self.pgt_url)
        if pattern is None or not pattern.proxy_callback:
            raise upstream.ValidateError(
                "INVALID_PROXY_CALLBACK", "callback url not allowed by configuration"
            )
        granting = ProxyGrantingTicket.objects.create(
            user=self.ticket.user,
            service=self.pgt_url,
            service_pattern=pattern,
            single_log_out=pattern.single_log_out,
        )
        iou = utils.gen_pgtiou()
        if not self._deliver(utils.update_url(self.pgt_url, {"pgtIou": iou, "pgtId": granting.value})):
            granting.delete()
            raise upstream.ValidateError("INVALID_PROXY_CALLBACK", "the callback url did not answer 200")
        told = {**params, "proxyGrantingTicket": iou}
        return render(
            self.request, "cas_server/serviceValidate.xml", told, content_type="text/xml; charset=utf-8"
        )

    def _deliver(self, url: str) -> bool:
        """Whether the service took its ticket; upstream waits for ever and follows redirections."""
        try:
            answer = requests.get(
                url,
                verify=settings.CAS_PROXY_CA_CERTIFICATE_PATH,
                timeout=CALLBACK_SECONDS,
                allow_redirects=False,
            )
        except requests.RequestException as error:
            logger.warning("proxy callback %.200r: %s", self.pgt_url, type(error).__name__)
        else:
            if answer.status_code == 200:
                return True
            logger.warning("proxy callback %.200r: answered %d", self.pgt_url, answer.status_code)
        metrics.PROXY_CALLBACK_FAILURES.inc()
        return False


class ServiceValidate(_Validation, upstream.ValidateService):  # type: ignore[misc]  # published without types
    """Validation of service tickets, CAS 2.0 and 3.0."""

    allow_proxy_ticket = False


class ProxyValidate(_Validation, upstream.ValidateService):  # type: ignore[misc]  # published without types
    """Validation of service and proxy tickets."""

    allow_proxy_ticket = True


class Validate(upstream.Validate):  # type: ignore[misc]  # published without type information
    """Validation as of CAS 1.0."""

    def get(self, request: HttpRequest) -> HttpResponse:
        """Use a ticket up, once."""
        ticket = request.GET.get("ticket", "")
        if "\x00" in ticket:
            return HttpResponse("no\n", content_type="text/plain; charset=utf-8")
        with transaction.atomic():
            locks.hold(ticket)
            response = upstream.Validate.get(request)
        metrics.VALIDATIONS.labels("accepted" if response.content.startswith(b"yes") else "refused").inc()
        return response
