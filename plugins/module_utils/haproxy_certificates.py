# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Certificates for the load balancer, read and judged on the controller before any machine gets them."""

from __future__ import annotations

import hashlib
import itertools
import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_private_key

from .core.errors import RenfortError

FILE_NAME = re.compile(r"[A-Za-z0-9_.-]+")
KEY = re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----.+?-----END [A-Z ]*PRIVATE KEY-----", re.DOTALL)


class CertificateError(RenfortError):
    """A certificate is named in a way that does not say where it is."""


def bundles(certificates: Sequence[Mapping[str, Any]], *, directory: str) -> list[dict[str, Any]]:
    """Each certificate with its place on the machine, its content and the digest of this.

    Args:
        certificates: mappings with ``name``, ``pem`` or ``file`` (of the controller), ``hosts``.
        directory: where they stand on the machine.

    Returns:
        Mappings with ``name``, ``path``, ``content``, ``digest`` (SHA-256, hexadecimal) and ``hosts``.

    Raises:
        CertificateError: a name that is no file name or stands twice, neither or both of ``pem`` and
            ``file``, or a file that cannot be read.
    """
    found: list[dict[str, Any]] = []
    for entry in certificates:
        name = str(entry.get("name", ""))
        if not FILE_NAME.fullmatch(name) or any(other["name"] == name for other in found):
            raise CertificateError(
                f"haproxy_certificates: the name {name!r} stands twice or is no file name.",
                hint="Give each certificate a name of its own, of letters, digits and _ . -",
            )
        content = _content(name, str(entry.get("pem") or ""), str(entry.get("file") or ""))
        found.append(
            {
                "name": name,
                "path": f"{directory}/{name}.pem",
                "content": content,
                "digest": hashlib.sha256(content.encode()).hexdigest(),
                "hosts": list(entry.get("hosts") or ()),
            }
        )
    return found


def _content(name: str, pem: str, file: str) -> str:
    if bool(pem) == bool(file):
        raise CertificateError(
            f"haproxy_certificates: {name} gives {'both' if pem else 'neither'} pem and file.",
            hint="Give one of the two.",
        )
    try:
        text = pem or Path(file).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise CertificateError(
            f"haproxy_certificates: the file of {name} cannot be read on the controller: {error}.",
            hint="Give the path of a file with the certificate, its chain and its key.",
        ) from error
    return text.strip() + "\n"


def certificate_problems(
    bundles: Sequence[Mapping[str, Any]], portals: Iterable[str], *, now: datetime
) -> list[str]:
    """What is wrong with certificates, one sentence each; empty when all is well. No secret is told.

    Args:
        bundles: as `bundles` returns them.
        portals: hosts that some certificate must cover.
        now: the moment at which they must be valid, with its time zone.
    """
    problems: list[str] = []
    covered: set[str] = set()
    for bundle in bundles:
        name = bundle["name"]
        try:
            chain = x509.load_pem_x509_certificates(bundle["content"].encode())
        except ValueError:
            problems.append(f"{name}: no certificate in PEM format")
            continue
        leaf = chain[0]
        names = _names(leaf)
        covered |= names
        problems += [f"{name}: {text}" for text in _leaf_problems(leaf, bundle["content"], now)]
        problems += [f"{name}: {text}" for text in _chain_problems(chain)]
        problems += [
            f"{name}: valid for {', '.join(sorted(names)) or 'no name'}, not for {host}"
            for host in bundle["hosts"]
            if not _covers(names, host)
        ]
    problems += [
        f"no certificate covers the portal {host}" for host in sorted(portals) if not _covers(covered, host)
    ]
    return problems


def _leaf_problems(leaf: x509.Certificate, content: str, now: datetime) -> list[str]:
    """What is wrong with the first certificate and its key."""
    problems = []
    if now > leaf.not_valid_after_utc:
        problems.append(f"expired on {leaf.not_valid_after_utc:%Y-%m-%d}")
    if now < leaf.not_valid_before_utc:
        problems.append(f"not valid before {leaf.not_valid_before_utc:%Y-%m-%d}")
    match = KEY.search(content)
    if match is None:
        return [*problems, "no private key"]
    try:
        key = load_pem_private_key(match[0].encode(), password=None)
    except (ValueError, TypeError):
        return [*problems, "its private key cannot be read; it must not be encrypted"]
    public = (Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    if key.public_key().public_bytes(*public) != leaf.public_key().public_bytes(*public):
        problems.append("its private key belongs to another certificate")
    return problems


def _chain_problems(chain: Sequence[x509.Certificate]) -> list[str]:
    """Where a certificate is not signed by the one after it."""
    problems = []
    for below, above in itertools.pairwise(chain):
        try:
            below.verify_directly_issued_by(above)
        except (ValueError, TypeError, InvalidSignature):
            subject = below.subject.rfc4514_string()
            problems.append(f"the certificate after that of {subject} in the file did not sign it")
    return problems


def _names(leaf: x509.Certificate) -> set[str]:
    """The host names of a certificate, in lower case; the common name does not count for browsers."""
    try:
        extension = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName)
    except x509.ExtensionNotFound:
        return set()
    return {name.lower() for name in extension.value.get_values_for_type(x509.DNSName)}


def _covers(names: set[str], host: str) -> bool:
    """Whether a host is one of the names, or one label below a wildcard."""
    return host in names or f"*.{host.partition('.')[2]}" in names
