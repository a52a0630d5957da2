# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Certificates for the load balancer, judged before any machine gets them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from ansible_collections.ent.renfort.plugins.module_utils.haproxy_certificates import (
    CertificateError,
    bundles,
    certificate_problems,
)

NOW = datetime(2026, 11, 25, tzinfo=UTC)


class Authority:
    """Signs, itself first."""

    def __init__(self, name: str = "Authority") -> None:
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
        self.pem = self.sign(self.name, self.key, None, NOW - timedelta(days=1), NOW + timedelta(days=900))

    def sign(
        self,
        subject: x509.Name,
        key: ec.EllipticCurvePrivateKey,
        hosts: list[str] | None,
        begin: datetime,
        end: datetime,
    ) -> str:
        builder = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self.name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(begin)
            .not_valid_after(end)
        )
        if hosts:
            names = x509.SubjectAlternativeName([x509.DNSName(host) for host in hosts])
            builder = builder.add_extension(names, critical=False)
        return builder.sign(self.key, hashes.SHA256()).public_bytes(Encoding.PEM).decode()


def key_pem(key: ec.EllipticCurvePrivateKey) -> str:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


AUTHORITY = Authority()
KEY = ec.generate_private_key(ec.SECP256R1())


def leaf(*hosts: str, begin: int = -1, end: int = 30) -> str:
    """A certificate of the authority, valid for days around now."""
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, hosts[0])])
    return AUTHORITY.sign(subject, KEY, list(hosts), NOW + timedelta(days=begin), NOW + timedelta(days=end))


def problems(pem: str, *portals: str, hosts: list[str] | None = None) -> list[str]:
    entries: list[dict[str, Any]] = [{"name": "eure", "pem": pem, "hosts": hosts or []}]
    return certificate_problems(bundles(entries, directory="/etc/x"), portals, now=NOW)


def test_a_sound_certificate_with_its_chain_has_no_problem() -> None:
    pem = leaf("eure.ent.example") + AUTHORITY.pem + key_pem(KEY)
    assert problems(pem, "eure.ent.example", hosts=["eure.ent.example"]) == []


def test_a_wildcard_covers_one_label() -> None:
    pem = leaf("*.ent.example") + key_pem(KEY)
    assert problems(pem, "eure.ent.example") == []
    assert problems(pem, "a.eure.ent.example") == ["no certificate covers the portal a.eure.ent.example"]


@pytest.mark.parametrize(
    ("pem", "problem"),
    [
        (leaf("e.example", end=-1, begin=-9) + key_pem(KEY), "eure: expired on 2026-11-24"),
        (leaf("e.example", begin=2) + key_pem(KEY), "eure: not valid before 2026-11-27"),
        (leaf("e.example"), "eure: no private key"),
        (
            leaf("e.example") + key_pem(ec.generate_private_key(ec.SECP256R1())),
            "eure: its private key belongs to another certificate",
        ),
        (
            leaf("e.example") + "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n",
            "eure: its private key cannot be read; it must not be encrypted",
        ),
        ("nothing of the kind", "eure: no certificate in PEM format"),
        (
            leaf("e.example") + Authority("Another").pem + key_pem(KEY),
            "eure: the certificate after that of CN=e.example in the file did not sign it",
        ),
    ],
)
def test_each_problem_is_one_sentence(pem: str, problem: str) -> None:
    found = problems(pem)
    assert found == [problem]
    assert "PRIVATE" not in "".join(found)


def test_a_host_that_it_must_be_valid_for_is_named() -> None:
    pem = leaf("vosges.ent.example") + key_pem(KEY)
    assert problems(pem, hosts=["eure.ent.example"]) == [
        "eure: valid for vosges.ent.example, not for eure.ent.example"
    ]


def test_a_file_of_the_controller_is_read(tmp_path: Path) -> None:
    (tmp_path / "eure.pem").write_text("text\n\n")
    (found,) = bundles([{"name": "eure", "file": str(tmp_path / "eure.pem")}], directory="/etc/x")
    assert (found["path"], found["content"], len(found["digest"])) == ("/etc/x/eure.pem", "text\n", 64)


@pytest.mark.parametrize(
    ("entries", "message"),
    [
        ([{"name": "a"}], "a gives neither pem and file"),
        ([{"name": "a", "pem": "x", "file": "y"}], "a gives both pem and file"),
        ([{"name": "a", "file": "/nonexistent"}], "the file of a cannot be read on the controller"),
        ([{"name": "a/b", "pem": "x"}], "'a/b' stands twice or is no file name"),
        ([{"name": "a", "pem": "x"}, {"name": "a", "pem": "x"}], "'a' stands twice or is no file name"),
    ],
)
def test_certificates_that_are_nowhere_are_refused(entries: list[dict[str, str]], message: str) -> None:
    with pytest.raises(CertificateError, match=message):
        bundles(entries, directory="/etc/x")
