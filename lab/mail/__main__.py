# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""``python -m lab.mail``: the mail servers of the internet, until told to stop."""

from __future__ import annotations

import argparse
import asyncio
import signal
import sys
import threading
from collections.abc import Sequence
from pathlib import Path

from .behaviour import Book, read_behaviours
from .dns import Responder, Zone
from .receive import Handler, listen, port_of
from .store import Store
from .tell import Teller


def parser() -> argparse.ArgumentParser:
    """The options."""
    result = argparse.ArgumentParser(
        prog="python -m lab.mail", description="The mail servers of the internet."
    )
    result.add_argument("--listen", default="127.0.0.1", metavar="ADDRESS", help="address of all services")
    result.add_argument("--port", type=int, default=25, help="port of SMTP; 0 takes a free one")
    result.add_argument(
        "--http-port", type=int, default=8025, help="port that tells what arrived; 0: a free one"
    )
    result.add_argument("--dns-port", type=int, default=-1, help="port of the DNS (default: no DNS)")
    result.add_argument("--state", type=Path, required=True, metavar="DIR", help="where messages are kept")
    result.add_argument("--behaviours", type=Path, metavar="FILE", help="JSON: domain → how it behaves")
    result.add_argument(
        "--dead-address", default="", metavar="ADDRESS", help="where the DNS puts dead domains"
    )
    result.add_argument("--bodies", action="store_true", help="keep messages whole")
    result.add_argument("--name", default="mx.internet.example", help="name in the greeting")
    return result


def main(arguments: Sequence[str] | None = None) -> int:
    """Serve until a signal ends it; 1 when it cannot."""
    args = parser().parse_args(arguments)
    try:
        book = Book(read_behaviours(args.behaviours))
        store = Store(args.state)
        asyncio.run(_serve(args, store, book))
    except (OSError, ValueError) as error:
        print(f"lab.mail: cannot take mail: {error}", file=sys.stderr)
        return 1
    store.close()
    return 0


async def _serve(args: argparse.Namespace, store: Store, book: Book) -> None:
    loop = asyncio.get_running_loop()
    ended = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, ended.set)
    handler = Handler(store, book, bodies=args.bodies)
    smtp = await listen(handler, address=args.listen, port=args.port, name=args.name)
    teller = Teller((args.listen, args.http_port), store, book)
    threading.Thread(target=teller.serve_forever, daemon=True).start()
    if args.dns_port >= 0:
        zone = Zone(address=args.listen, dead_address=args.dead_address, book=book)
        await loop.create_datagram_endpoint(lambda: Responder(zone), local_addr=(args.listen, args.dns_port))
    print(f"SMTP {args.listen}:{port_of(smtp)}, HTTP http://{args.listen}:{teller.server_port}", flush=True)
    await ended.wait()
    smtp.close()
    await loop.run_in_executor(None, teller.shutdown)


if __name__ == "__main__":
    sys.exit(main())
