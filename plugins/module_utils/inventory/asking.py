# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The one call to a cluster: its addresses are tried in their order until one answers."""

from __future__ import annotations

import socket
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING
from urllib.request import getproxies, proxy_bypass

from ..core.machine import OWNER_TAG
from ..proxmox_cluster import guest_rows
from ..proxmox_errors import HypervisorSilentError, OutcomeUnknownError, ProxmoxError, UnreachableError
from ..proxmox_options import ApiSettings, settings_from
from .copies import KEPT_FIELDS, Row
from .options import Cluster

if TYPE_CHECKING:
    from .addresses import Address

CONNECT_S = 3.0
"""How long an address may take to accept a connection before the next one is tried."""


class AwayError(ProxmoxError):
    """No address of a cluster answers at the moment; what it showed last may stand in."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """The rows of a cluster's guests, and what people should know about how they were got."""

    rows: tuple[Row, ...]
    warnings: tuple[str, ...] = ()


def ask(cluster: Cluster) -> Asked:
    """Return what the first address that answers shows, in one call.

    Raises:
        AwayError: none of them answers.
        ProxmoxError: one answers and refuses: that is no absence, and the others would say the same.
    """
    options = {name: value for name, value in cluster.api.items() if name != "api_hosts"}
    settings = settings_from(options | {"api_host": cluster.addresses[0].host})
    away: list[ProxmoxError] = []
    for address in cluster.addresses:
        here = replace(settings, host=address.host, port=address.port)
        try:
            rows = _rows(here, address)
        except ProxmoxError as error:
            if not _is_away(error):
                raise
            away.append(error)
            continue
        return Asked(rows=rows, warnings=tuple(f"{error.message} {address.url} answers." for error in away))
    raise _nobody(cluster, away)


def _rows(settings: ApiSettings, address: Address) -> tuple[Row, ...]:
    # The HTTP library takes longer to import than a copy takes to read.
    from ..proxmox import Client

    _connect(settings, address)
    sent = guest_rows(Client(settings, read_only=True))
    ours = (row for row in sent if OWNER_TAG in str(row.get("tags") or "").lower())
    return tuple({field: row[field] for field in KEPT_FIELDS if field in row} for row in ours)


def _connect(settings: ApiSettings, address: Address) -> None:
    """Find out in little time whether anybody listens; a call alone would wait for its whole timeout."""
    if getproxies().get("https") and not proxy_bypass(address.host):
        return
    wait_s = min(CONNECT_S, settings.timeout_s)
    try:
        socket.create_connection((address.host, address.port), timeout=wait_s).close()
    except OSError as error:
        reason = f"no connection in {wait_s:.0f} s" if isinstance(error, TimeoutError) else error.strerror
        raise UnreachableError(
            f"Could not list the cluster's guests: {address.url} cannot be reached: {reason or error}.",
            hint="Check that it runs, api_host and api_port; for the lab: `make lab-up`.",
        ) from error


def _is_away(error: ProxmoxError) -> bool:
    """Whether an error says that nobody can answer now, not that somebody refuses."""
    gone = (UnreachableError, OutcomeUnknownError, HypervisorSilentError)
    # The bare class stands for an answer that is none, such as that of a proxy whose server is down.
    return isinstance(error, gone) or type(error) is ProxmoxError


def _nobody(cluster: Cluster, away: Sequence[ProxmoxError]) -> AwayError:
    if len(away) == 1:
        return AwayError(away[0].message, hint=away[0].hint)
    return AwayError(
        f"None of the {len(away)} addresses of {cluster.where} answers. "
        + " ".join(error.message for error in away),
        hint="Check that the nodes run, api_hosts and the firewalls on the way.",
    )
