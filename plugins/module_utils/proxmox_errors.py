# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What can go wrong with the Proxmox VE API: an exception a case, each saying what to do next."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Protocol

from .core.errors import RenfortError

PRIVILEGES_PAGE = "docs/reference/privileges.md"
"""Where the privileges that the token needs are listed."""


class Named(Protocol):
    """A guest as messages name it."""

    @property
    def name(self) -> str:
        """Its name, empty when it is unknown."""

    @property
    def node(self) -> str:
        """Its hypervisor."""


class ProxmoxError(RenfortError):
    """The API refused or could not be asked."""


class OptionsError(ProxmoxError):
    """The options that say how to reach the API are missing, contradictory or unreadable."""


class UnreachableError(ProxmoxError):
    """No connection could be made, or it was cut."""


class TlsError(ProxmoxError):
    """The server's certificate does not verify."""


class AuthError(ProxmoxError):
    """The token is wrong, unknown, expired or was not sent."""


class PrivilegeError(ProxmoxError):
    """The token is known and lacks a privilege."""


class ParametersError(ProxmoxError):
    """The server does not accept the parameters of a call."""


class OutcomeUnknownError(ProxmoxError):
    """A call was sent and nobody knows whether it took effect: read the state before another try."""


class LockBusyError(ProxmoxError):
    """A lock of the hypervisor was not free in time; nothing happened, another try is safe."""


class ChangedError(ProxmoxError):
    """The guest is not any more what it was when it was read; nothing was done."""


class ExistsError(ProxmoxError):
    """The identifier is taken."""


class TakenError(ExistsError):
    """A guest that is not the planned machine's has its id."""

    def __init__(self, vmid: int, guest: Named) -> None:
        super().__init__(
            f"Id {vmid} is that of {guest.name or 'a guest without a name'} on {guest.node}, which is not "
            "touched.",
            hint="Plan again to get another id.",
        )
        self.vmid = vmid


class HalfMadeError(ProxmoxError):
    """A clone was cut off, and its guest stays locked."""


class GuestMissingError(ProxmoxError):
    """There is no such guest on that hypervisor."""


class AgentSilentError(ProxmoxError):
    """The guest's agent does not answer (yet)."""


class FileMissingError(ProxmoxError):
    """The agent answers and the file that was asked for is not there (yet)."""


class HypervisorSilentError(ProxmoxError):
    """The server that was asked cannot reach the hypervisor concerned."""


class TaskFailedError(ProxmoxError):
    """A task was started and ended with an error."""


class TaskTimeoutError(ProxmoxError):
    """A task was started and had not ended in time; it goes on."""


_LOCK = re.compile(r"lock-(?P<guest>\d+)\.conf|storage-(?P<storage>[\w.-]+)'")


def busy_lock(error: LockBusyError) -> tuple[str, str]:
    """Return the kind (``guest``, ``storage``) and the name of the lock that was busy; empty if not told."""
    found = _LOCK.search(str(error))
    if found is None:
        return "", ""
    return str(found.lastgroup), found[str(found.lastgroup)]


_PERMISSION = re.compile(r"Permission check failed \((?P<path>/[^,]*), (?P<privilege>.+)\)")

_TEXTS: tuple[tuple[re.Pattern[str], type[ProxmoxError], str], ...] = (
    (
        re.compile(r"can't lock file .* - got timeout|got lock timeout|cfs-lock .* error"),
        LockBusyError,
        "Another task holds the lock: run again when it has ended.",
    ),
    (
        re.compile(r"got no worker upid"),
        OutcomeUnknownError,
        "The hypervisor started no worker process: run again, what is already done is left as it is.",
    ),
    (
        re.compile(r"config file already exists|File exists|already exists on node"),
        ExistsError,
        "Another guest took this id: look at it, then free the id or plan again.",
    ),
    (
        re.compile(r"Configuration file '[^']*' does not exist|unable to find configuration file"),
        GuestMissingError,
        "It was removed or moved to another hypervisor meanwhile: run again.",
    ),
    (
        re.compile(r"failed to open file .*No such file or directory"),
        FileMissingError,
        "The guest may still be in its first boot: look at its console.",
    ),
    (
        re.compile(
            r"QEMU guest agent is not running|No QEMU guest agent configured|VM \d+ is not running|VM \d+ qmp"
        ),
        AgentSilentError,
        "Check that the template has qemu-guest-agent installed and its agent option on.",
    ),
    (
        re.compile(r"checksum mismatch: got"),
        TaskFailedError,
        "The file is not the one that the checksum is of: check both.",
    ),
    (
        re.compile(r"checksum mismatch"),
        ChangedError,
        "Somebody else changed the guest at the same time: run again.",
    ),
    (
        re.compile(r"hostname lookup '.*' failed|no such cluster node"),
        ProxmoxError,
        "The plan names a hypervisor that this cluster does not have: plan again.",
    ),
)
"""What the text of a refusal means, whether it came at once or as a task's end."""

_PROXY_STATUSES = frozenset({595, 596, 597, 599})


def from_answer(
    *, doing: str, status: int, text: str, errors: object = None, where: str = ""
) -> ProxmoxError:
    """Return the exception for an HTTP refusal.

    Args:
        doing: what was attempted and on what, as in ``clone template 9000 to 2003``.
        status: the HTTP status.
        text: the reason phrase, which is where Proxmox VE puts its message.
        errors: the answer's map of parameter to text, if any.
        where: the API's address, shown where the address itself may be at fault.
    """
    text = text.strip()
    if status == 401:
        return AuthError(
            f"Could not {doing}: {where} refuses the API token: {text or 'no reason given'}.",
            hint="Check api_user, api_token_id and the secret (or RENFORT_PVE_USER, _TOKEN_ID, _TOKEN_FILE).",
        )
    if status == 403:
        return permission_refused(doing, text)
    if status == 400 and isinstance(errors, Mapping) and errors:
        listed = "; ".join(f"{key}: {' '.join(str(errors[key]).split())}" for key in sorted(errors))
        return ParametersError(
            f"Could not {doing}: the server does not accept {listed}.",
            hint="Correct the value in the inputs and plan again.",
        )
    if status in _PROXY_STATUSES:
        return HypervisorSilentError(
            f"Could not {doing}: {where} cannot reach the hypervisor concerned ({status} {text}).",
            hint="Check that this hypervisor is on and in the cluster, then run again.",
        )
    return from_text(doing=doing, text=text or f"HTTP status {status} without a reason")


def from_text(*, doing: str, text: str, default: type[ProxmoxError] = ProxmoxError) -> ProxmoxError:
    """Return the exception for a refusal's or a failed task's text."""
    if _PERMISSION.search(text):
        return permission_refused(doing, text)
    for pattern, kind, hint in _TEXTS:
        if pattern.search(text):
            return kind(f"Could not {doing}: {text}.", hint=hint)
    return default(f"Could not {doing}: {text}.", hint="The task log on the hypervisor says more.")


def permission_refused(doing: str, text: str) -> PrivilegeError:
    """Return the exception that names the privilege which is lacking, and where."""
    found = _PERMISSION.search(text)
    if found is None:
        return PrivilegeError(
            f"Could not {doing}: {text or 'permission refused'}.",
            hint=f"Give the API token the privileges listed in {PRIVILEGES_PAGE}.",
        )
    lacking = found["privilege"].replace("|", ", ")
    one = " (one of them is enough)" if "|" in found["privilege"] else ""
    return PrivilegeError(
        f"Could not {doing}: the API token lacks {lacking} on {found['path']}{one}.",
        hint=f"Give it a role with this privilege; {PRIVILEGES_PAGE} lists all that it needs.",
    )
