# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What can go wrong with NetBox: an exception a case, each saying what to do next."""

from __future__ import annotations

import json
from collections.abc import Mapping

from .core.errors import RenfortError

PAGE = "docs/reference/netbox.md"
"""Where the custom fields and the rights that the token needs are listed."""


class NetboxError(RenfortError):
    """NetBox refused or could not be asked."""


class NetboxOptionsError(NetboxError):
    """The options that say how to reach NetBox are missing, contradictory or unreadable."""


class NetboxUnreachableError(NetboxError):
    """No connection could be made, it was cut, or the answer took too long."""


class NetboxTlsError(NetboxError):
    """The server's certificate does not verify."""


class NetboxAuthError(NetboxError):
    """The token is wrong, unknown, disabled, expired or was not sent."""


class NetboxPermissionError(NetboxError):
    """The token is known and may not read what is needed."""


class NetboxChoiceError(NetboxError):
    """A site, role, status or tag that the options name does not exist there."""


class NotNetboxError(NetboxError):
    """Whatever answers there is not a NetBox."""


class MissingFieldError(NetboxError):
    """A custom field that the stock is made from does not exist."""

    def __init__(self, *, field: str, objects: str) -> None:
        super().__init__(
            f"Could not make the stock of what NetBox holds: the custom field {field} does not exist "
            f"for {objects}.",
            hint=f"Create it; {PAGE} lists all that are needed, with their types.",
        )


class IncompleteStockError(NetboxError):
    """Something had to be left out of the stock, and the options do not accept that."""


def from_answer(*, doing: str, status: int, body: str, options: Mapping[str, str]) -> NetboxError:
    """Return the exception that an answer with an error status stands for.

    Args:
        doing: what was attempted, and on which NetBox, in words which complete "Could not …".
        status: the HTTP status.
        body: the text of the answer.
        options: parameters of the call to the module's options that they were made from.
    """
    detail, refused = _told(body)
    if status == 400 and refused:
        return _unknown_choice(doing, refused, options)
    if status in {401, 403}:
        return _refused(doing, detail)
    if status == 404:
        return NotNetboxError(
            f"Could not {doing}: it answers 404, so there is no NetBox at this address.",
            hint="Set url to the address of its start page, with its path if it has one.",
        )
    said = f": {detail}" if detail else ""
    return NetboxError(
        f"Could not {doing}: it answers {status}{said}.",
        hint="The log of NetBox, or of the proxy before it, says more." if status >= 500 else "",
    )


def not_netbox(doing: str) -> NotNetboxError:
    """Return the exception for an answer that no NetBox gives."""
    return NotNetboxError(
        f"Could not {doing}: it answers, but not as a NetBox does.",
        hint="Set url to the address of its start page; a log-in page in front of its API does this too.",
    )


def _refused(doing: str, detail: str) -> NetboxError:
    if "permission" in detail.lower() and "token" not in detail.lower():
        return NetboxPermissionError(
            f"Could not {doing}: the token may not read this.",
            hint=f"Give its user the permissions listed in {PAGE}.",
        )
    hint = "Check token or token_file; NetBox shows a token once, when it is made."
    if "not provided" in detail:
        hint = "The token did not arrive: set url to the address that NetBox redirects to."
    return NetboxAuthError(
        f"Could not {doing}: it refuses the API token: {detail.rstrip('.') or 'no reason given'}.",
        hint=hint,
    )


def _unknown_choice(doing: str, refused: Mapping[str, str], options: Mapping[str, str]) -> NetboxChoiceError:
    parameter = min(refused)
    option = options.get(parameter, parameter)
    return NetboxChoiceError(
        f"Could not {doing}: it does not accept the option {option}: {refused[parameter].rstrip('.')}.",
        hint=f"Correct {option}, which takes slugs and not names, or create what is missing in NetBox.",
    )


def _told(body: str) -> tuple[str, dict[str, str]]:
    """What an answer says: its detail, and what it says about single parameters."""
    try:
        data = json.loads(body)
    except ValueError:
        return "", {}
    if not isinstance(data, dict):
        return "", {}
    lists = {key: " ".join(map(str, value)) for key, value in data.items() if isinstance(value, list)}
    return str(data.get("detail", "")), lists
