# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Hand notifications to the relay: a few words and the way to the message, never the message itself."""

from __future__ import annotations

import smtplib
import ssl
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import formatdate

from .outbox import Row
from .settings import Mail, Settings
from .texts import TEXTS

SECONDS = 30
"""How long the relay may take for an answer."""


class RelayUnavailableError(Exception):
    """The relay is not reached, or takes nothing at present: the same would happen to the next mail."""


class DeferredError(Exception):
    """The relay does not take this mail now."""


class RefusedError(Exception):
    """The relay will never take this mail."""


def compose(row: Row, settings: Settings, mail: Mail) -> EmailMessage:
    """The mail of a notification. Its Message-ID is always the same: a copy is known as one."""
    texts = TEXTS[row.language if row.language in TEXTS else "fr"]
    message = EmailMessage()
    message["From"] = Address(display_name=settings.title, addr_spec=mail.sender)
    message["To"] = row.address
    message["Subject"] = f"{texts['mail_subject']} {' '.join(row.sender_name.split())}"
    message["Date"] = formatdate(localtime=False)
    message["Message-ID"] = f"<notification-{row.id}.{settings.tenant}@{mail.domain}>"
    message["Auto-Submitted"] = "auto-generated"
    message["X-Renfort-Kind"] = "notification"
    message["Content-Language"] = row.language
    link = f"{settings.url}/messages/{row.message}"
    message.set_content(f"{texts['mail_text']}\n\n{link}\n\n-- \n{settings.title}\n")
    return message


class Mailer:
    """One connection to the relay, kept while there is something to send."""

    def __init__(self, settings: Settings, mail: Mail) -> None:
        self._settings = settings
        self._mail = mail
        self._relay: smtplib.SMTP | None = None

    def send(self, row: Row) -> None:
        """Hand one notification over; the relay answers for it from then on.

        Raises:
            RelayUnavailableError, DeferredError, RefusedError: it has not taken the mail.
        """
        try:
            message = compose(row, self._settings, self._mail)
        except (ValueError, IndexError) as error:
            raise RefusedError(f"no mail can be made for {row.address!r}: {error}") from error
        relay = self._connected()
        try:
            relay.send_message(message, from_addr=self._mail.sender, to_addrs=[row.address])
        except smtplib.SMTPServerDisconnected as error:
            self.close()
            raise RelayUnavailableError(f"the relay hung up: {error}") from error
        except smtplib.SMTPRecipientsRefused as error:
            code, text = next(iter(error.recipients.values()))
            raise verdict(code, text) from error
        except smtplib.SMTPResponseException as error:
            if error.smtp_code == 421:
                self.close()
                raise RelayUnavailableError(f"the relay closed: {error.smtp_error!r}") from error
            raise verdict(error.smtp_code, error.smtp_error) from error
        except smtplib.SMTPNotSupportedError as error:
            raise RefusedError(str(error)) from error
        except OSError as error:
            self.close()
            raise RelayUnavailableError(str(error)) from error

    def close(self) -> None:
        """Hang up; the next mail connects again."""
        relay, self._relay = self._relay, None
        if relay is not None:
            try:
                relay.quit()
            except (smtplib.SMTPException, OSError):
                relay.close()

    def _connected(self) -> smtplib.SMTP:
        if self._relay is None:
            try:
                relay = smtplib.SMTP(self._mail.host, self._mail.port, timeout=SECONDS)
                if self._mail.starttls:
                    relay.starttls(context=ssl.create_default_context(cafile=self._mail.ca_file or None))
            except (smtplib.SMTPException, OSError) as error:
                raise RelayUnavailableError(
                    f"the relay {self._mail.host}:{self._mail.port} is not reached: {error}"
                ) from error
            self._relay = relay
        return self._relay


def verdict(code: int, text: bytes | str) -> DeferredError | RefusedError:
    """What an answer means: 5xx is final, everything else may change."""
    said = f"{code} {text.decode('utf-8', 'replace') if isinstance(text, bytes) else text}"
    return RefusedError(said) if 500 <= code < 600 else DeferredError(said)
