# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A mail relay in small behind the PROXY protocol: greets, and says who it was told the client is."""

from __future__ import annotations

import socketserver
import sys


class Handler(socketserver.StreamRequestHandler):
    """Wants the line of the PROXY protocol first, as a real relay does on such a port."""

    def handle(self) -> None:
        """Speak as much SMTP as a check and a test need."""
        told = self.rfile.readline().decode().split()
        if told[:1] != ["PROXY"]:
            return
        self.wfile.write(b"220 relay.example ESMTP\r\n")
        for line in self.rfile:
            word = line.split()[0].upper() if line.split() else b""
            if word == b"QUIT":
                self.wfile.write(b"221 bye\r\n")
                return
            self.wfile.write(f"250 client {told[2] if len(told) > 2 else 'unknown'}\r\n".encode())


class Server(socketserver.ThreadingTCPServer):
    """Takes several clients at once."""

    allow_reuse_address = True
    daemon_threads = True


Server(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
