# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The stock as it will be when announced deliveries have arrived."""

from __future__ import annotations

from dataclasses import replace

from .model import Delivery, Stock
from .server import Server


def delivered_servers(delivery: Delivery) -> tuple[Server, ...]:
    """Return the servers of a delivery, each with a name of its own: ``supplier-a-01`` and so on."""
    return tuple(
        Server(
            name=f"{delivery.name}-{number:02d}",
            site=delivery.site,
            rack=delivery.rack,
            form=delivery.form,
            origin=delivery.name,
        )
        for number in range(1, delivery.servers + 1)
    )


def with_deliveries(stock: Stock, at: str) -> Stock:
    """Return the stock at a date (ISO): what arrives by then at the latest is on the shelf."""
    arrived = [delivery for delivery in stock.deliveries if delivery.latest and delivery.latest <= at]
    servers = [*stock.servers, *(server for item in arrived for server in delivered_servers(item))]
    return replace(
        stock,
        servers=tuple(sorted(servers, key=lambda server: server.name)),
        deliveries=tuple(item for item in stock.deliveries if item not in arrived),
    )
