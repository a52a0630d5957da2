# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Fetching a file for a storage: its size and checksum are real; of its bytes the first ones are kept."""

from __future__ import annotations

import asyncio
import hashlib
import socket
import ssl
import urllib.error
import urllib.request
from dataclasses import dataclass
from urllib.parse import urlsplit

from ..tasks import TaskError

_CHUNK = 1024 * 1024
_HEAD = 4096
_TIMEOUT_S = 30.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Fetched:
    """A fetched file: bytes, and the checksum when an algorithm was named; ``head`` is how it begins."""

    size: int
    checksum: str = ""
    head: bytes = b""


async def fetch(url: str, *, algorithm: str = "", verify: bool = True) -> Fetched:
    """Read the file at the URL; raises `TaskError` with the text of the real server's client."""
    return await asyncio.to_thread(_fetch, url, algorithm, verify)


def _fetch(url: str, algorithm: str, verify: bool) -> Fetched:
    context = ssl.create_default_context()
    if not verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    summer = hashlib.new(algorithm) if algorithm else None
    size, head = 0, b""
    try:
        with urllib.request.urlopen(url, timeout=_TIMEOUT_S, context=context) as response:
            while chunk := response.read(_CHUNK):
                size += len(chunk)
                head = head or chunk[:_HEAD]
                if summer:
                    summer.update(chunk)
    except urllib.error.HTTPError as error:
        raise TaskError(f"download failed: ERROR {error.code}: {error.reason}.") from error
    except (urllib.error.URLError, OSError) as error:
        raise TaskError(f"download failed: {_reason(url, error)}") from error
    return Fetched(size=size, checksum=summer.hexdigest() if summer else "", head=head)


def _reason(url: str, error: Exception) -> str:
    parts, cause = urlsplit(url), getattr(error, "reason", error)
    host = parts.hostname or ""
    if isinstance(cause, socket.gaierror):
        return f"Resolving {host} ({host})... failed: Name or service not known."
    port = parts.port or (443 if parts.scheme == "https" else 80)
    text = cause.strerror if isinstance(cause, OSError) and cause.strerror else str(cause)
    return f"Connecting to {host}:{port}... failed: {text}."
