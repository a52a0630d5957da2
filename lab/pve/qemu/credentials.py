# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Passwords and public keys as a configuration keeps them."""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
import secrets
import struct
from urllib.parse import unquote

from ..errors import ServerError

_ALPHABET = "./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_ORDER = [(0, 10, 20), (21, 1, 11), (12, 22, 2), (3, 13, 23), (24, 4, 14)]
_ORDER += [(15, 25, 5), (6, 16, 26), (27, 7, 17), (18, 28, 8), (9, 19, 29)]
_ROUNDS = 5000


def hash_password(password: str, salt: str = "") -> str:
    """The crypt(3) SHA-256 form of a password; what is hashed already stays."""
    if re.match(r"^\$(?:5|6|y)\$", password):
        return password
    salt = salt or "".join(secrets.choice(_ALPHABET) for _ in range(8))
    return f"$5${salt}${_crypt_sha256(password.encode(), salt.encode())}"


def _fill(block: bytes, length: int) -> bytes:
    return (block * (length // len(block) + 1))[:length] if length else b""


def _crypt_sha256(key: bytes, salt: bytes) -> str:
    inner = hashlib.sha256(key + salt + key).digest()
    first = hashlib.sha256(key + salt + _fill(inner, len(key)))
    bits = len(key)
    while bits:
        first.update(inner if bits & 1 else key)
        bits >>= 1
    result = first.digest()
    p = _fill(hashlib.sha256(key * len(key)).digest(), len(key))
    s = _fill(hashlib.sha256(salt * (16 + result[0])).digest(), len(salt))
    for turn in range(_ROUNDS):
        mix = hashlib.sha256(p if turn & 1 else result)
        mix.update((s if turn % 3 else b"") + (p if turn % 7 else b""))
        mix.update(result if turn & 1 else p)
        result = mix.digest()
    text = "".join(_encode(result[a] << 16 | result[b] << 8 | result[c], 4) for a, b, c in _ORDER)
    return text + _encode(result[31] << 8 | result[30], 3)


def _encode(value: int, length: int) -> str:
    return "".join(_ALPHABET[value >> 6 * position & 0x3F] for position in range(length))


def decode_keys(value: str) -> tuple[str, ...]:
    """The public keys of an ``sshkeys`` value, one a line."""
    return tuple(line.strip() for line in unquote(value).splitlines() if line.strip())


def check_keys(value: str) -> None:
    """Refuse an ``sshkeys`` value with anything but public keys in it."""
    keys = [line for line in decode_keys(value) if not line.startswith("#")]
    if not keys or not all(_is_public_key(line) for line in keys):
        raise ServerError("SSH public key validation error")


def _is_public_key(line: str) -> bool:
    match = re.search(r"(?:^|\s)((?:ssh|ecdsa|sk)-[\w@.-]+)\s+([A-Za-z0-9+/]+={0,2})(?:\s|$)", line)
    if match is None:
        return False
    try:
        blob = base64.b64decode(match[2], validate=True)
        length = struct.unpack_from(">I", blob)[0]
    except (binascii.Error, struct.error):
        return False
    return blob[4 : 4 + length].decode(errors="replace") == match[1] and len(blob) > 4 + length
