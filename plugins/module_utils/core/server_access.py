# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""How a physical server is reached, and how it is told from another: the same in the stock and in a plan."""

from __future__ import annotations

import re
from dataclasses import dataclass

from .fields import Fields

_BMC = re.compile(
    r"https://(?P<host>[A-Za-z0-9.-]+|\[[0-9A-Fa-f:]+\])(:(?P<port>\d{1,5}))?"
    r"(?P<system>/redfish/v1/Systems/[A-Za-z0-9._~-]+)?/?"
)
_BMC_EXPECTED = "https://host[:port], with /redfish/v1/Systems/<id> behind it where it has several systems"
_MAC = re.compile(r"[0-9a-f]{2}(:[0-9a-f]{2}){5}", re.IGNORECASE)
_SERIAL = r"[!-~]([ -~]*[!-~])?"
_HOST_KEY = re.compile(
    r"SHA256:[A-Za-z0-9+/]{43}|(ssh-ed25519|ssh-rsa|ecdsa-sha2-nistp\d+) [A-Za-z0-9+/]{16,}={0,2}( .*)?"
)
_HOST_KEY_EXPECTED = "a fingerprint (SHA256:…) or a public host key (ssh-ed25519 AAAA…)"

ACCESS_KEYS = ("bmc", "mac", "serial", "host_key")
"""The keys of a server's access, beside the others of the server."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerAccess:
    """How a server is reached and known; what is not known is empty.

    ``bmc`` is the URL of its Redfish service, with the path of the system where it has several. ``mac``
    is that of the interface from which it boots, in small letters. ``host_key`` is the fingerprint of its
    ssh host key, or the key itself.
    """

    bmc: str = ""
    mac: str = ""
    serial: str = ""
    host_key: str = ""

    @property
    def bmc_root(self) -> str:
        """The URL of the Redfish service without the path of a system."""
        return self.bmc.partition("/redfish/")[0].rstrip("/")

    @property
    def bmc_system(self) -> str:
        """The path of the system; empty when the service has only one."""
        _, found, system = self.bmc.rstrip("/").partition("/redfish/")
        return f"{found}{system}"


def parse_access(item: Fields) -> ServerAccess:
    """Return the access that a mapping states beside its other keys.

    Raises:
        InputError: a value is no such URL, address, serial number or key.
    """
    return ServerAccess(
        bmc=_bmc(item),
        mac=_matched(item, "mac", _MAC, "the address of an interface, such as 52:54:00:12:34:56").lower(),
        serial=item.text("serial", default="", pattern=_SERIAL, expected="the serial number on its case"),
        host_key=_matched(item, "host_key", _HOST_KEY, _HOST_KEY_EXPECTED),
    )


def _bmc(item: Fields) -> str:
    text = _matched(item, "bmc", _BMC, _BMC_EXPECTED)
    match = _BMC.fullmatch(text)
    if match and match["port"] and not 0 < int(match["port"]) < 65536:
        raise item.error("bmc", f"{match['port']} is no port", _BMC_EXPECTED)
    return text.rstrip("/")


def _matched(item: Fields, name: str, pattern: re.Pattern[str], expected: str) -> str:
    text = item.text(name, default="", expected=expected)
    if text and not pattern.fullmatch(text):
        raise item.error(name, f'"{text}" is not valid', expected)
    return text
