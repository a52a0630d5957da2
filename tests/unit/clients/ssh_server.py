# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A real ssh server on loopback, in a thread of this process: it runs what it is asked to in a shell."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Coroutine
from pathlib import Path
from typing import Any

import asyncssh


class SshServer:
    """A server with one host key that lets one operator in; ``serial`` is what its firmware tells."""

    def __init__(self, folder: Path, *, port: int = 0, hostname: str = "s1", serial: str = "") -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._shell = {"hostname": hostname, "serial": serial}
        self.host_key = asyncssh.generate_private_key("ssh-ed25519")
        operator = asyncssh.generate_private_key("ssh-ed25519")
        self.identity_file = folder / "operator"
        operator.write_private_key(str(self.identity_file))
        self.identity_file.chmod(0o600)
        self._operator = asyncssh.import_authorized_keys(operator.export_public_key().decode())
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self._server: Any = None
        self.port = port
        self.open()

    @property
    def public_key(self) -> str:
        """The public host key without a comment."""
        return " ".join(self.host_key.export_public_key().decode().split()[:2])

    @property
    def fingerprint(self) -> str:
        return str(self.host_key.get_fingerprint())

    def open(self, host_key: Any = None) -> None:
        """Listen, with another host key if one is given, as after an installation."""
        self.host_key = host_key or self.host_key
        self._server = self._do(self._listen())
        self.port = self._server.get_port()

    def shut(self) -> None:
        """Stop listening."""
        self._loop.call_soon_threadsafe(self._server.close)

    def close(self) -> None:
        self.shut()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(timeout=5)

    async def _listen(self) -> Any:
        return await asyncssh.listen(
            "127.0.0.1",
            self.port,
            server_host_keys=[self.host_key],
            authorized_client_keys=self._operator,
            process_factory=self._answer,
        )

    async def _answer(self, process: Any) -> None:
        """Run the command with the machine's own name and serial number in place of those of this host."""
        command = process.command.replace("/proc/sys/kernel/hostname", "/dev/null")
        command = command.replace("'sudo -n cat' cat", "'printf %s'").replace(
            "/sys/class/dmi/id/product_serial", f"'{self._shell['serial']}'"
        )
        ran = await asyncio.create_subprocess_shell(
            f"echo {self._shell['hostname']}; {command}", stdout=asyncio.subprocess.PIPE
        )
        out, _ = await ran.communicate()
        process.stdout.write(out.decode())
        process.exit(ran.returncode)

    def _do(self, work: Coroutine[Any, Any, Any]) -> Any:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(timeout=20)
