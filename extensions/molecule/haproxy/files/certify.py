# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A certificate that signs itself, with its key, in one file: `certify.py FILE HOST,HOST`."""

from __future__ import annotations

import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

hosts = sys.argv[2].split(",")
key = ec.generate_private_key(ec.SECP256R1())
name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, hosts[0])])
now = datetime.now(UTC)
signed = (
    x509.CertificateBuilder()
    .subject_name(name)
    .issuer_name(name)
    .public_key(key.public_key())
    .serial_number(x509.random_serial_number())
    .not_valid_before(now - timedelta(hours=1))
    .not_valid_after(now + timedelta(days=30))
    .add_extension(x509.SubjectAlternativeName([x509.DNSName(host) for host in hosts]), critical=False)
    .sign(key, hashes.SHA256())
)
private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
file = Path(sys.argv[1])
file.touch(mode=0o600)
file.write_bytes(signed.public_bytes(Encoding.PEM) + private)
