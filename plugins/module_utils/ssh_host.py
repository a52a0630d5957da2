# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A machine as ssh shows it: its host keys before anybody trusts them, then who it is.

OpenSSH's own tools do it, those through which Ansible connects afterwards.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import shutil
import subprocess
import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from .core.errors import RenfortError

PORT = 22
"""The usual port of ssh, for which known-hosts files have no brackets."""

KINDS = "ed25519,ecdsa,rsa"
"""The types of host keys that are asked for."""

_PROBE = (
    "cat /proc/sys/kernel/hostname; echo --; cat /sys/class/net/*/address; echo --;"
    " for read in 'sudo -n cat' cat;"
    " do $read /sys/class/dmi/id/product_serial 2>/dev/null && break; done; true"
)
"""What tells a machine from another; the serial number is readable to root only."""


class SshError(RenfortError):
    """A machine could not be reached, trusted or identified over ssh."""


class SshSilentError(SshError):
    """Nothing answers as ssh there (yet)."""


class UnknownKeyError(SshError):
    """Nobody said which host key the machine has."""


class WrongKeyError(SshError):
    """It has another host key than it must have."""


class LoginError(SshError):
    """It does not let the user in."""


class WrongMachineError(SshError):
    """It is another machine than the planned one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """Where ssh answers, as whom it lets in, and the private key file; empty for those that ssh knows."""

    address: str
    port: int = PORT
    user: str = "ops"
    private_key_file: str = ""

    @property
    def known_as(self) -> str:
        """The target as known-hosts files name it."""
        return self.address if self.port == PORT else f"[{self.address}]:{self.port}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """Who a machine says that it is; ``serial`` is empty when it cannot be read."""

    hostname: str
    macs: frozenset[str]
    serial: str


def fingerprint(public_key: str) -> str:
    """Return the fingerprint of a public key, as ``ssh-keygen -l`` shows it; empty when it is none."""
    try:
        blob = base64.b64decode(public_key.split()[1], validate=True)
    except (IndexError, binascii.Error):
        return ""
    return "SHA256:" + base64.b64encode(hashlib.sha256(blob).digest()).decode().rstrip("=")


def matching(keys: Iterable[str], expected: str) -> str:
    """Return the key that is the expected one, or has its fingerprint; empty when none is."""
    wanted = expected if expected.startswith("SHA256:") else " ".join(expected.split()[:2])
    return next((key for key in keys if wanted in (key, fingerprint(key))), "")


def scan(target: Target, *, timeout_s: float = 5.0) -> tuple[str, ...]:
    """Return the host keys that a machine shows, untrusted, each as its type and its base64 text.

    Raises:
        SshSilentError: nothing answers as ssh.
        SshError: ssh-keyscan is not installed.
    """
    words = [
        *("-T", str(max(1, round(timeout_s))), "-p", str(target.port), "-t", KINDS),
        target.address,
    ]
    ended = _run("ssh-keyscan", words, timeout_s=4 * timeout_s + 10)
    lines = [line.split() for line in ended.stdout.splitlines() if line and not line.startswith("#")]
    keys = tuple(sorted(" ".join(words[1:3]) for words in lines if len(words) >= 3))
    if not keys:
        raise SshSilentError(
            f"Nothing answers as ssh at {target.known_as}.",
            hint="Look at the server's console: its installation may go on, or have failed.",
        )
    return keys


def identify(target: Target, key: str, *, timeout_s: float = 20.0) -> Identity:
    """Log in, trusting this host key alone, and return who the machine is.

    Raises:
        WrongKeyError: it shows another key now.
        LoginError: it does not let the user in.
        SshError: the connection is cut or too slow, or ssh is not installed.
    """
    with tempfile.TemporaryDirectory(prefix="renfort-") as folder:
        known = Path(folder, "known_hosts")
        known.write_text(f"{target.known_as} {key}\n", encoding="utf-8")
        words = [
            *("-F", "none", "-p", str(target.port), "-l", target.user),
            *_options(
                BatchMode="yes",
                StrictHostKeyChecking="yes",
                UserKnownHostsFile=str(known),
                GlobalKnownHostsFile="none",
                ConnectTimeout=str(round(timeout_s)),
            ),
        ]
        if target.private_key_file:
            file = str(Path(target.private_key_file).expanduser())
            words += ["-i", file, *_options(IdentitiesOnly="yes")]
        ended = _run("ssh", [*words, target.address, _PROBE], timeout_s=timeout_s + 10)
    if ended.returncode != 0:
        raise _refused(target, ended)
    hostname, macs, serial = (part.strip() for part in f"{ended.stdout}\n".split("--\n", 2))
    return Identity(hostname=hostname, macs=frozenset(macs.lower().split()), serial=serial)


def _options(**options: str) -> list[str]:
    return [word for name, value in options.items() for word in ("-o", f"{name}={value}")]


def _run(program: str, words: Sequence[str], *, timeout_s: float) -> subprocess.CompletedProcess[str]:
    path = shutil.which(program)
    if path is None:
        raise SshError(
            f"Cannot look at a server over ssh: {program} is not installed here.",
            hint="Install Debian's openssh-client.",
        )
    try:
        return subprocess.run(
            [path, *words],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=timeout_s,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise SshSilentError(
            f"{program} {words[-1] if program == 'ssh-keyscan' else ''} did not end within {timeout_s:g} s.",
            hint="The server takes connections and does not answer: look at its console.",
        ) from None


def _refused(target: Target, ended: subprocess.CompletedProcess[str]) -> SshError:
    lines = [line.strip() for line in ended.stderr.splitlines() if line.strip()]
    text = lines[-1].rstrip(".") if lines else f"ssh ended with status {ended.returncode}"
    if "Host key verification failed" in ended.stderr:
        return WrongKeyError(
            f"{target.known_as} shows another host key than a moment ago.",
            hint="Two machines may have this address: look at the switch, and at the consoles of both.",
        )
    if "Permission denied" in ended.stderr:
        return LoginError(
            f"{target.known_as} does not let {target.user} in: {text}.",
            hint="The installation from the network must make this user, with the key of the operators.",
        )
    return SshError(
        f"Could not log in at {target.known_as} as {target.user}: {text}.",
        hint="Run again; if it stays so, look at the server's console.",
    )
