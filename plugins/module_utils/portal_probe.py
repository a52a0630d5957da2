# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ask a portal for its pages through chosen load balancers, as a user's browser would."""

from __future__ import annotations

import http.client
import socket
import ssl
import time
from collections.abc import Iterator, Sequence

from .core.errors import RenfortError
from .core.portal import Answer, Verdict, judge

MACHINE_HEADER = "X-Renfort-Machine"
"""The header in which a web machine gives its inventory name."""

PAUSE_S = 0.5
"""Seconds between two rounds of questions."""


def trust(ca_file: str = "") -> ssl.SSLContext:
    """Return what certificates are verified by: an authority's file, or those that the system trusts.

    Raises:
        RenfortError: the file cannot be read.
    """
    try:
        return ssl.create_default_context(cafile=ca_file or None)
    except (OSError, ssl.SSLError) as error:
        raise RenfortError(
            f"The authority {ca_file} cannot be read: {error}.", hint="Expected certificates in PEM."
        ) from error


def ask(
    address: str, *, port: int, portal: str, path: str, timeout_s: float, tls: ssl.SSLContext | None = None
) -> Answer:
    """Send one GET over a connection of its own; a transport failure is an answer, not an exception."""
    connection = http.client.HTTPConnection(address, port, timeout=timeout_s)
    try:
        if tls:
            # The certificate is that of the portal, whatever address it is asked at.
            opened = socket.create_connection((address, port), timeout=timeout_s)
            connection.sock = tls.wrap_socket(opened, server_hostname=portal)
        connection.request("GET", path, headers={"Host": portal, "Connection": "close"})
        response = connection.getresponse()
        response.read()
        return Answer(address=address, status=response.status, machine=response.getheader(MACHINE_HEADER, ""))
    except (OSError, http.client.HTTPException) as error:
        return Answer(address=address, status=0, error=str(error) or type(error).__name__)
    finally:
        connection.close()


def probe(
    addresses: Sequence[str],
    *,
    port: int,
    portal: str,
    path: str,
    machines: Sequence[str],
    wait_s: float,
    tls: ssl.SSLContext | None = None,
) -> Verdict:
    """Ask until one round is complete or ``wait_s`` seconds have passed; the last round's verdict.

    A round sends two requests a machine through each address, since a load balancer that has just
    been reloaded deals out its servers in turn, from any of them.
    """
    deadline = time.monotonic() + wait_s
    while True:
        verdict = judge(
            _round(addresses, port=port, portal=portal, path=path, tls=tls, times=2 * max(1, len(machines))),
            expected=machines,
        )
        if verdict.complete or time.monotonic() >= deadline:
            return verdict
        time.sleep(PAUSE_S)


def _round(
    addresses: Sequence[str], *, port: int, portal: str, path: str, tls: ssl.SSLContext | None, times: int
) -> Iterator[Answer]:
    for address in addresses:
        for _ in range(times):
            yield ask(address, port=port, portal=portal, path=path, timeout_s=5, tls=tls)
