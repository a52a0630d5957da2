# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""One verified API call, as its handler sees it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .body import Upload
    from .cluster import Cluster


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """Who calls: ``root@pam``, and the token's name when a token was used."""

    user: str
    token: str = ""

    @property
    def authid(self) -> str:
        """The name that UPIDs and access lists carry: ``user`` or ``user!token``."""
        return f"{self.user}!{self.token}" if self.token else self.user


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """Identity, verified and coerced parameters (path parameters included) and the cluster.

    Integers are ints, truth values 1 and 0. ``upload`` is the file of a multipart form.
    """

    identity: Identity
    params: dict[str, Any]
    cluster: Cluster
    verb: str
    path: str
    upload: Upload | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What a handler returns when its answer has more members than ``data``, such as ``total``."""

    data: Any
    attributes: dict[str, Any]
