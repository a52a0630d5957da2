# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The files of a running lab."""

from __future__ import annotations

import os
import secrets
from dataclasses import dataclass
from pathlib import Path

from ..paths import HERE, state_dir

ROOT = HERE.parent
"""The project's folder, from which the emulator is started."""

DATACENTRE = HERE / "datacentre.yml"


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """Names of the files in the state folder."""

    folder: Path

    @classmethod
    def of_environment(cls) -> State:
        """The state folder that the environment chooses."""
        return cls(folder=state_dir())

    @property
    def ca(self) -> Path:
        """The lab's own certificate authority."""
        return self.folder / "ca.pem"

    @property
    def ca_key(self) -> Path:
        """The private key of that authority."""
        return self.folder / "ca.key"

    @property
    def portals(self) -> Path:
        """The certificate of the portals and its private key in one file, as HAProxy takes it."""
        return self.folder / "portals.pem"

    @property
    def certificate(self) -> Path:
        """The API's certificate."""
        return self.folder / "api.pem"

    @property
    def key(self) -> Path:
        """The private key of the API's certificate."""
        return self.folder / "api.key"

    @property
    def token(self) -> Path:
        """The secret of the operators' API token."""
        return self.folder / "token"

    @property
    def root_password(self) -> Path:
        """The password of root@pam, with which the lab prepares the cluster."""
        return self.folder / "root-password"

    @property
    def people_secret(self) -> Path:
        """What the passwords of the made-up people are made from."""
        return self.folder / "people-secret"

    def accounts(self, tenant: str) -> Path:
        """The accounts of a tenant's made-up people."""
        return self.folder / "accounts" / f"{tenant}.jsonl"

    @property
    def operator_key(self) -> Path:
        """The operators' private ssh key."""
        return self.folder / "id_ed25519"

    @property
    def known_hosts(self) -> Path:
        """The ssh host keys that were read through the agent."""
        return self.folder / "known_hosts"

    @property
    def database(self) -> Path:
        """The emulator's state."""
        return self.folder / "pve.sqlite"

    @property
    def log(self) -> Path:
        """What the emulator says."""
        return self.folder / "logs" / "pve.log"

    @property
    def pid_file(self) -> Path:
        """The emulator's process."""
        return self.folder / "run" / "pve.pid"

    def prepare(self) -> None:
        """Make the folders and the root password."""
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self.log.parent.mkdir(exist_ok=True)
        self.pid_file.parent.mkdir(exist_ok=True)
        if not self.root_password.exists():
            write_secret(self.root_password, secrets.token_urlsafe(24))


def write_secret(path: Path, text: str) -> None:
    """Write a file that only its owner reads, from its first byte on."""
    path.unlink(missing_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as handle:
        handle.write(text)
