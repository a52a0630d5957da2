# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""From the bytes of a request to its parameters, with the oddities of the original."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote_to_bytes

MAX_POST = 512 * 1024
FORM = "application/x-www-form-urlencoded"
JSON = "application/json"

_SOURCE = "/usr/share/perl5/PVE/APIServer/AnyEvent.pm"
_BOUNDARY = re.compile(r'multipart/form-data;\s*boundary="?([^";]+)"?')
_DISPOSITION = re.compile(r'name="([^"]*)"(?:;\s*filename="([^"]*)")?')


class BodyError(Exception):
    """A body that is refused: status and text."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.status = status
        self.text = text


@dataclass(frozen=True, slots=True, kw_only=True)
class Upload:
    """A file that came with a multipart form."""

    filename: str
    content: bytes


def parameters(
    verb: str, query: str, headers: Mapping[str, str], body: bytes, *, upload: bool
) -> tuple[dict[str, Any], Upload | None]:
    """The parameters of a call, those of the query overriding those of the body."""
    params: dict[str, Any] = {}
    file = None
    if body:
        if verb not in ("PUT", "POST"):
            raise BodyError(501, f"Unexpected content for method '{verb}'")
        content_type = headers.get("content-type", "")
        if upload:
            params, file = _multipart(content_type, body)
        else:
            params = _from_body(content_type, body)
    params.update(urlencoded(query))
    params.pop("_dc", None)
    return params, file


def _from_body(content_type: str, body: bytes) -> dict[str, Any]:
    if len(body) > MAX_POST:
        raise BodyError(501, "for data too large")
    kind = content_type.partition(";")[0].strip()
    if kind == JSON:
        return _from_json(body)
    if kind in ("", FORM):
        return urlencoded(body.decode("latin-1"))
    raise BodyError(506, f"upload 'Content-Type '{content_type}' not implemented")


def urlencoded(text: str) -> dict[str, Any]:
    """Form data; a key that comes several times gives a list, ``;`` separates as ``&`` does."""
    params: dict[str, Any] = {}
    if not text:
        return params
    for part in re.split("[&;]", text):
        if not part:
            continue
        # What follows a second "=" is lost, as in the original.
        key, value = [*part.split("="), ""][:2]
        name, decoded = _unescape(key), _unescape(value)
        if name in params:
            known = params[name]
            params[name] = [*known, decoded] if isinstance(known, list) else [known, decoded]
        else:
            params[name] = decoded
    return params


def _unescape(text: str) -> str:
    return unquote_to_bytes(text.replace("+", " ")).decode("utf-8", "replace")


def _from_json(body: bytes) -> dict[str, Any]:
    text = body.decode("utf-8", "replace")
    try:
        data = json.loads(text, parse_float=str)
    except json.JSONDecodeError as error:
        raise BodyError(500, _complaint(text, error)) from error
    if not isinstance(data, dict):
        kind = "Not a HASH reference" if isinstance(data, list) else _NOT_A_REFERENCE
        raise BodyError(500, f"{kind} at {_SOURCE} line 957.\n")
    return {key: "" if value is None else _plain(value) for key, value in data.items()}


_NOT_A_REFERENCE = "malformed JSON string, neither tag, array, object, number, string or atom"


def _plain(value: Any) -> Any:
    """JSON's truth values become 1 and 0, numbers text, as a form would carry them."""
    if isinstance(value, bool):
        return "1" if value else "0"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, list):
        return [_plain(item) for item in value]
    return value


def _complaint(text: str, error: json.JSONDecodeError) -> str:
    rest = text[error.pos :]
    before = (
        f'(before "{rest[:20]}{"..." if len(rest) > 20 else ""}")' if rest else '(before "(end of string)")'
    )
    expected = "'\"' expected" if "property name" in error.msg else _NOT_A_REFERENCE
    if "delimiter" in error.msg:
        expected = (
            ", or ] expected while parsing array"
            if "[" in text
            else ", or } expected while parsing object/hash"
        )
    return f"{expected}, at character offset {error.pos} {before} at {_SOURCE} line 917.\n"


def _multipart(content_type: str, body: bytes) -> tuple[dict[str, Any], Upload | None]:
    match = _BOUNDARY.match(content_type)
    if match is None:
        raise BodyError(506, f"upload 'Content-Type '{content_type}' not implemented")
    params: dict[str, Any] = {}
    file = None
    for part in body.split(b"--" + match[1].encode()):
        head, separator, content = part.partition(b"\r\n\r\n")
        names = _DISPOSITION.search(head.decode("utf-8", "replace"))
        if not separator or names is None:
            continue
        content = content.removesuffix(b"\r\n")
        if names[2] is None:
            params[names[1]] = content.decode("utf-8", "replace").strip()
        else:
            file = Upload(filename=names[2], content=content)
            params["filename"] = names[2]
    return params, file
