#!/usr/bin/env python3
# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Sends messages through a relay, as portals do, and prints what became of each as one JSON object."""

from __future__ import annotations

import argparse
import json
import smtplib
import socket
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from typing import Any


def main() -> int:
    """Send; the ids of what the relay took, with the time, and what it said to the others."""
    args = parser().parse_args()
    numbers = iter(range(args.messages))
    lock = threading.Lock()
    taken: dict[str, list[Any]] = {}
    said: Counter[str] = Counter()
    started = time.time()
    threads = [
        threading.Thread(target=send, args=(args, numbers, lock, taken, said))
        for _ in range(args.connections)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    result = {"taken": taken, "said": said, "started": started, "seconds": time.time() - started}
    print(json.dumps(result))
    return 0


def parser() -> argparse.ArgumentParser:
    result = argparse.ArgumentParser(description=__doc__)
    result.add_argument("relays", help="address:port, several with commas between")
    result.add_argument("--messages", type=int, default=1)
    result.add_argument("--connections", type=int, default=1)
    result.add_argument("--sender", default="no-reply@eure.example", help="senders in turn, with commas")
    result.add_argument("--author", default="", help="address in From (default: the sender)")
    result.add_argument(
        "--to", default="parent@mail.example", help="recipients in turn, with commas; # is a number"
    )
    result.add_argument("--run", default="run", help="name of the run, in each message's id and subject")
    result.add_argument("--bytes", type=int, default=1000, help="size of the text")
    result.add_argument("--proxied", default="", help="speak PROXY protocol, in the name of this client")
    return result


def connect(args: argparse.Namespace, number: int) -> smtplib.SMTP:
    relays = args.relays.split(",")
    host, _, port = relays[number % len(relays)].rpartition(":")
    if args.proxied:
        return Proxied(host, int(port), args.proxied)
    return smtplib.SMTP(host, int(port), local_hostname=socket.gethostname(), timeout=60)


class Proxied(smtplib.SMTP):
    """A connection as a load balancer hands it on."""

    def __init__(self, host: str, port: int, client: str) -> None:
        self.client = client
        super().__init__(host, port, local_hostname=socket.gethostname(), timeout=60)

    def _get_socket(self, host: str, port: int, timeout: float) -> socket.socket:
        connection = super()._get_socket(host, port, timeout)
        connection.sendall(f"PROXY TCP4 {self.client} {host} 50000 25\r\n".encode())
        return connection


def send(
    args: argparse.Namespace,
    numbers: Iterator[int],
    lock: threading.Lock,
    taken: dict[str, list[Any]],
    said: Counter[str],
) -> None:
    """Send what is left in one connection."""
    recipients, senders = args.to.split(","), args.sender.split(",")
    connection: smtplib.SMTP | None = None
    while True:
        with lock:
            number = next(numbers, None)
        if number is None:
            break
        recipient = recipients[number % len(recipients)].replace("#", str(number))
        identity = f"<{args.run}.{number}@{socket.gethostname()}>"
        try:
            connection = connection or connect(args, number)
            sender = senders[number // len(recipients) % len(senders)]
            connection.sendmail(sender, [recipient], text(args, sender, identity, recipient))
            answer = "taken"
            taken[identity] = [recipient, time.time()]
        except smtplib.SMTPRecipientsRefused as error:
            answer = " ".join(str(part) for part in next(iter(error.recipients.values())))
        except smtplib.SMTPResponseException as error:
            answer = f"{error.smtp_code} {error.smtp_error!r}"
        except (OSError, smtplib.SMTPException) as error:
            answer = repr(error)
            connection = None
        with lock:
            said[answer] += 1
    if connection:
        connection.quit()


def text(args: argparse.Namespace, sender: str, identity: str, recipient: str) -> str:
    author = args.author or sender
    line = "Bonjour, un message vous attend sur le portail.\r\n"
    body = line * max(1, args.bytes // len(line))
    return (
        f"From: {author}\r\nTo: {recipient}\r\nSubject: {args.run}\r\nMessage-ID: {identity}\r\n"
        f"Date: Wed, 25 Nov 2026 12:00:00 +0000\r\nMIME-Version: 1.0\r\n"
        f"Content-Type: text/plain; charset=utf-8\r\n\r\n{body}"
    )


if __name__ == "__main__":
    sys.exit(main())
