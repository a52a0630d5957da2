# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The known-hosts file: which address has which host key."""

from __future__ import annotations

import contextlib
import fcntl
import os
import re
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path

from .core.errors import RenfortError

_PUBLIC_KEY = re.compile(r"(ssh-ed25519|ssh-rsa|ecdsa-sha2-nistp\d+) [A-Za-z0-9+/=]{16,}( .*)?")


class KnownHosts:
    """A known-hosts file in OpenSSH's format; it need not exist yet.

    Lines of other hosts, comments and markers stay as they are. Every change is made under a lock
    and replaces the file as a whole, so that two runs at once lose nothing.
    """

    def __init__(self, path: Path | str) -> None:
        self.path = Path(path).expanduser()

    def hosts(self) -> frozenset[str]:
        """Return every address or name that the file has a key for."""
        found: set[str] = set()
        for line in self._lines():
            found |= _hosts_of(line)
        return frozenset(found)

    def keys(self, host: str) -> tuple[str, ...]:
        """Return the public keys of a host, each as its type and its base64 text."""
        return tuple(" ".join(line.split()[1:3]) for line in self._lines() if host in _hosts_of(line))

    def record(self, host: str, public_key: str) -> bool:
        """Make this the only key of a host; False when it was already so.

        Args:
            host: the address as ssh is given it.
            public_key: the content of ``/etc/ssh/ssh_host_*_key.pub``.

        Raises:
            RenfortError: the text is no public key, or the file cannot be written.
        """
        text = public_key.strip()
        if not _PUBLIC_KEY.fullmatch(text):
            raise RenfortError(
                f"The guest at {host} gave {text[:40]!r} as its ssh host key.",
                hint="Look at /etc/ssh in the guest; its ssh service makes the keys at its first start.",
            )
        entry = f"{host} {' '.join(text.split()[:2])}"
        return self._replace(host, [entry])

    def forget(self, host: str) -> bool:
        """Remove every key of a host; False when there was none."""
        return self._replace(host, [])

    def _replace(self, host: str, entries: Iterable[str]) -> bool:
        with self._locked():
            before = self._lines()
            after = [line for line in (_without(line, host) for line in before) if line is not None]
            after += entries
            if sorted(before) == sorted(after):
                return False
            self._write(after)
            return True

    def _lines(self) -> list[str]:
        try:
            return self.path.read_text(encoding="utf-8").splitlines()
        except FileNotFoundError:
            return []
        except (OSError, UnicodeDecodeError) as error:
            raise self._error("read", error) from error

    def _write(self, lines: list[str]) -> None:
        temporary = ""
        try:
            with tempfile.NamedTemporaryFile(
                "w", dir=self.path.parent, prefix=f".{self.path.name}.", delete=False, encoding="utf-8"
            ) as handle:
                temporary = handle.name
                handle.write("".join(f"{line}\n" for line in lines))
                os.fchmod(handle.fileno(), 0o600)
            Path(temporary).replace(self.path)
        except OSError as error:
            if temporary:
                Path(temporary).unlink(missing_ok=True)
            raise self._error("write", error) from error

    @contextlib.contextmanager
    def _locked(self) -> Iterator[None]:
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            handle = self.path.with_name(f".{self.path.name}.lock").open("a", encoding="utf-8")
        except OSError as error:
            raise self._error("write", error) from error
        with handle:
            fcntl.flock(handle, fcntl.LOCK_EX)
            yield

    def _error(self, verb: str, error: Exception) -> RenfortError:
        reason = getattr(error, "strerror", None) or str(error)
        return RenfortError(
            f"Cannot {verb} the known-hosts file {self.path}: {reason}.",
            hint="Check known_hosts_file and the rights of its folder.",
        )


def _hosts_of(line: str) -> set[str]:
    fields = line.split()
    if len(fields) < 3 or fields[0].startswith(("#", "@", "|")):
        return set()
    return set(fields[0].split(","))


def _without(line: str, host: str) -> str | None:
    """Return a line without one of its hosts; None when no host is left."""
    if host not in _hosts_of(line):
        return line
    hosts, _, rest = line.partition(" ")
    others = [name for name in hosts.split(",") if name != host]
    return f"{','.join(others)} {rest}" if others else None
