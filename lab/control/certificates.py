# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lab's certificate authority, and the certificates of the API and of the portals."""

from __future__ import annotations

import datetime
import ipaddress
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from .state import State, write_secret

VALID_DAYS = 365

AUTHORITY = "Renfort lab CA"
"""The common name of the authority."""

PORTALS = "*.ent.example"
"""The host names of the portals, which the load balancers answer for."""


def ensure_certificates(state: State) -> bool:
    """Make the authority and the certificates unless there are valid ones; whether it did."""
    files = (state.ca, state.ca_key, state.key)
    if all(path.exists() for path in files) and _valid(state.certificate) and _valid(state.portals):
        return False
    now = datetime.datetime.now(datetime.UTC)
    authority_key = ec.generate_private_key(ec.SECP256R1())
    authority = _sign(
        _builder(AUTHORITY, now)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_usage(signs_certificates=True), critical=True),
        key=authority_key,
        issuer_key=authority_key,
    )
    state.ca.write_bytes(_pem(authority))
    # Role certificate signs with it what the machines ask for.
    write_secret(state.ca_key, _private_pem(authority_key))
    local = [x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
    key = ec.generate_private_key(ec.SECP256R1())
    state.certificate.write_bytes(_pem(_server("Renfort lab API", local, now, key, authority_key)))
    write_secret(state.key, _private_pem(key))
    key = ec.generate_private_key(ec.SECP256R1())
    portals = _server("Renfort lab portals", [x509.DNSName(PORTALS)], now, key, authority_key)
    write_secret(state.portals, _pem(portals).decode() + _private_pem(key))
    return True


def _server(
    common: str,
    names: list[x509.GeneralName],
    now: datetime.datetime,
    key: ec.EllipticCurvePrivateKey,
    authority_key: ec.EllipticCurvePrivateKey,
) -> x509.Certificate:
    """A server's certificate for these names."""
    return _sign(
        _builder(common, now)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(signs_certificates=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(x509.SubjectAlternativeName(names), critical=False),
        key=key,
        issuer_key=authority_key,
    )


def _valid(path: Path) -> bool:
    """Whether the certificate is there and good for another day."""
    if not path.exists():
        return False
    # Of a file that holds its key as well, the certificate comes first.
    certificate = x509.load_pem_x509_certificates(path.read_bytes())[0]
    tomorrow = datetime.datetime.now(datetime.UTC) + datetime.timedelta(days=1)
    return certificate.not_valid_before_utc < tomorrow < certificate.not_valid_after_utc


def _name(common: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common)])


def _builder(common: str, now: datetime.datetime) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(_name(common))
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(hours=1))
        .not_valid_after(now + datetime.timedelta(days=VALID_DAYS))
    )


def _usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=True,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        encipher_only=False,
        decipher_only=False,
    )


def _sign(
    builder: x509.CertificateBuilder,
    *,
    key: ec.EllipticCurvePrivateKey,
    issuer_key: ec.EllipticCurvePrivateKey,
) -> x509.Certificate:
    public = key.public_key()
    issuer_id = x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key.public_key())
    return (
        builder.issuer_name(_name(AUTHORITY))
        .public_key(public)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
        .add_extension(issuer_id, critical=False)
        .sign(issuer_key, hashes.SHA256())
    )


def _pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.PEM)


def _private_pem(key: ec.EllipticCurvePrivateKey) -> str:
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    ).decode()
