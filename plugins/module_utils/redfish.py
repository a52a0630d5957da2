# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The client of a server's management controller (BMC): its power, and from what it boots.

sushy speaks Redfish for us (docs/adr/0008-redfish-through-sushy.md). It logs in with every request, over
TLS: no session is opened, so none is left behind on a BMC, which has few.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from .core.server_access import ServerAccess
from .redfish_errors import (
    BmcAuthError,
    BmcPrivilegeError,
    BmcRefusedError,
    BmcTlsError,
    BmcUnreachableError,
    PowerTimeoutError,
    RedfishError,
    SystemMissingError,
)
from .redfish_options import BmcSettings

try:
    import requests
    import sushy
    from sushy import auth, connector, exceptions
except ImportError as error:  # pragma: no cover - depends on the installation
    raise ImportError(
        f"{error}. Install the packages of requirements.txt for the Python that runs Ansible."
    ) from error

# What it logs is in our exceptions; without a handler Python would print it among Ansible's lines.
logging.getLogger("sushy").addHandler(logging.NullHandler())

POLL_S = 1.0
"""Seconds between two looks at the power of a server that is being switched on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What a BMC says of its server: its power, from what it boots next, its serial number if it knows it."""

    on: bool
    power: str
    boots_from: str
    network_next: bool
    serial: str = ""


class Bmc:
    """The BMC of one server.

    Args:
        server: its name, for messages.
        access: where its BMC is.
        settings: how to log in.
        sleep: waits for seconds.
        clock: monotonic seconds.
    """

    def __init__(
        self,
        server: str,
        access: ServerAccess,
        settings: BmcSettings,
        *,
        sleep: Callable[[float], None] = time.sleep,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._server = server
        self._access = access
        self._settings = settings
        self._sleep = sleep
        self._clock = clock
        self._found: Any = None

    def read(self) -> Reading:
        """Return the state of the server now.

        Raises:
            RedfishError: the BMC cannot be reached or asked, or has no such system.
        """
        with self._doing("read the power of"):
            return self._reading(self._system())

    def boot_from_network_once(self) -> None:
        """Make the next boot, and only this one, come from the network; read back that it will.

        A BMC in legacy mode is set to UEFI, where it says in which mode it is.

        Raises:
            BmcRefusedError: the BMC does not accept it, or shows something else afterwards.
            RedfishError: the BMC cannot be reached or asked.
        """
        with self._doing("set the next boot of"):
            system = self._system()
            legacy = bool(system.boot) and system.boot.mode is sushy.BootSourceOverrideMode.LEGACY
            system.set_system_boot_options(
                target=sushy.BootSource.PXE,
                enabled=sushy.BootSourceOverrideEnabled.ONCE,
                mode=sushy.BootSourceOverrideMode.UEFI if legacy else None,
            )
            after = self._reading(self._system())
        if not after.network_next:
            raise BmcRefusedError(
                f"{self._named('set the next boot of')}: its BMC took the network, and shows "
                f"{after.boots_from}.",
                hint="Look at the boot settings in the BMC's own pages: the firmware may be locked.",
            )

    def switch_on(self, *, wait_s: float) -> None:
        """Switch the server on, and wait until it is.

        Raises:
            PowerTimeoutError: it was not on after ``wait_s`` seconds.
            RedfishError: the BMC refuses, or cannot be reached or asked.
        """
        self._reset(sushy.ResetType.ON, "switch on", wait_s)

    def restart(self, *, wait_s: float) -> None:
        """Restart the server at once, whatever runs on it, and wait until it is on."""
        self._reset(sushy.ResetType.FORCE_RESTART, "restart", wait_s)

    def _reset(self, how: Any, verb: str, wait_s: float) -> None:
        with self._doing(verb):
            self._system().reset_system(how)
        end = self._clock() + wait_s
        while not (now := self.read()).on:
            if self._clock() >= end:
                raise PowerTimeoutError(
                    f"{self._named(verb)}: its BMC accepted that, and {wait_s:g} s later its power is "
                    f"{now.power}.",
                    hint="Look at its power supplies and the BMC's event log, then run again.",
                )
            self._sleep(POLL_S)

    def _system(self) -> Any:
        """The system as it is now; the service is asked for its root only once."""
        if self._found is None:
            self._found = self._connected()
            return self._found
        self._found.refresh(force=True)
        return self._found

    def _connected(self) -> Any:
        link = connector.Connector(
            self._access.bmc_root,
            verify=self._settings.ca_file or True,
            # One try: a run is repeated as a whole, and says meanwhile which BMC does not answer.
            server_side_retries=1,
            server_side_retries_delay=1,
            default_request_timeout=self._settings.timeout_s,
            connect_timeout=self._settings.connect_timeout_s,
        )
        login = auth.BasicAuth(username=self._settings.user, password=self._settings.password)
        service = sushy.Sushy(self._access.bmc_root, auth=login, connector=link)
        if self._access.bmc_system:
            return service.get_system(self._access.bmc_system)
        paths = service.get_system_collection().members_identities
        if len(paths) == 1:
            return service.get_system(paths[0])
        raise SystemMissingError(
            f"The BMC of {self._server} at {self._access.bmc_root} has {len(paths)} systems.",
            hint=f"Add the path of the right one to its bmc in the stock: {', '.join(paths) or 'none yet'}.",
        )

    def _reading(self, system: Any) -> Reading:
        power, boot = system.power_state, system.boot
        if power is None:
            raise BmcRefusedError(
                f"{self._named('read the power of')}: its BMC shows no power state.",
                hint="Check the path of the system in its bmc, and the firmware of the BMC.",
            )
        overridden = boot is not None and boot.enabled is not sushy.BootSourceOverrideEnabled.DISABLED
        source = boot.target if overridden else None
        return Reading(
            on=power in (sushy.PowerState.ON, sushy.PowerState.POWERING_ON),
            power=power.value,
            boots_from=source.value if source else "its usual disk",
            network_next=source is sushy.BootSource.PXE,
            serial=(system.serial_number or "").strip(),
        )

    def _named(self, verb: str) -> str:
        return f"Could not {verb} {self._server} ({self._access.bmc or 'no BMC'})"

    @contextmanager
    def _doing(self, verb: str) -> Iterator[None]:
        try:
            yield
        except (exceptions.SushyError, requests.RequestException, ValueError) as error:
            raise _translated(error, self._named(verb), self._settings) from error


def _translated(error: Exception, what: str, settings: BmcSettings) -> RedfishError:
    if isinstance(error, exceptions.ConnectionError):
        return _not_connected(error, what, settings)
    if isinstance(error, exceptions.AccessError) and error.status_code == 403:
        return BmcPrivilegeError(
            f"{what}: the user {settings.user} may not do this: {_told(error)}.",
            hint="Give this user of the BMC the role Operator.",
        )
    if isinstance(error, exceptions.AccessError):
        return BmcAuthError(
            f"{what}: its BMC refuses the user {settings.user}, or the password.",
            hint="Check bmc_user and bmc_password (or RENFORT_BMC_USER and RENFORT_BMC_PASSWORD, or the file "
            "of either); some BMCs lock a user after a few wrong tries.",
        )
    if isinstance(error, exceptions.ResourceNotFoundError):
        return SystemMissingError(
            f"{what}: its BMC has no such system: {error}.",
            hint="Correct its bmc in the stock and plan again; no path is needed where there is one system.",
        )
    if isinstance(error, exceptions.HTTPError):
        return BmcRefusedError(
            f"{what}: the BMC answers {error.status_code}: {_told(error)}.",
            hint="Its event log says more. A BMC that was just updated or restarted needs some minutes.",
        )
    if isinstance(error, (exceptions.InvalidParameterValueError, exceptions.MissingActionError)):
        return BmcRefusedError(
            f"{what}: its BMC does not offer that: {str(error).rstrip('.')}.",
            hint="Update the firmware of the BMC; until then do it in the BMC's own pages.",
        )
    return BmcRefusedError(
        f"{what}: the BMC's answer is not understood: {error}.",
        hint="Check that the address is that of a Redfish service, and that its firmware is up to date.",
    )


def _not_connected(error: Exception, what: str, settings: BmcSettings) -> RedfishError:
    cause = error.__context__ or error
    if isinstance(cause, requests.exceptions.SSLError):
        return BmcTlsError(
            f"{what}: the certificate of the BMC does not verify: {_last(cause)}.",
            hint="Set bmc_ca_file (or RENFORT_BMC_CA_FILE) to the authority that signed it. A BMC with a "
            "certificate that it made itself needs one of yours first.",
        )
    if isinstance(cause, requests.exceptions.ReadTimeout):
        return BmcUnreachableError(
            f"{what}: the BMC took the connection and did not answer within {settings.timeout_s:g} s.",
            hint="It may be starting: run again in some minutes, or set bmc_timeout higher.",
        )
    return BmcUnreachableError(
        f"{what}: no connection to the BMC: {_last(cause)}.",
        hint="Check its bmc in the stock, its management cable, and the way to the management network.",
    )


def _told(error: Any) -> str:
    return str(error.detail or "no reason given").strip().rstrip(".")


def _last(error: BaseException) -> str:
    """The innermost reason, without the names of the libraries around it."""
    text = str(error)
    for start in ("[SSL: CERTIFICATE_VERIFY_FAILED]", "[Errno"):
        if start in text:
            return text[text.index(start) :].partition("')")[0].partition("(_ssl")[0].strip(" .)'\"")
    return "no answer" if "timed out" in text.lower() else text.rstrip(".")
