# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The networks of the guests, from what people edit to the model."""

from __future__ import annotations

from collections.abc import Callable

from .addresses import Span, Subnet, to_number, to_span, to_subnet
from .fields import Fields
from .model import Network
from .names import ID_EXPECTED, ID_PATTERN

_NETWORK_KEYS = ("bridge", "cidr", "gateway", "nameservers", "ranges", "reserved")


def parse_network(networks: Fields, name: str) -> Network:
    """Return one network.

    Raises:
        InputError: a key is missing, misspelt or impossible, or an address is outside the network.
    """
    item = networks.child(name, _NETWORK_KEYS)
    subnet: Subnet = _converted(item, "cidr", to_subnet, "a network such as 10.83.0.0/24")
    gateway = item.text("gateway")
    if not subnet.is_host(_converted(item, "gateway", to_number, "an address such as 10.83.0.1")):
        raise item.error("gateway", f"{gateway} is not a host of {subnet}", f"an address of {subnet}")
    servers = item.texts("nameservers")
    for position in range(len(servers)):
        _converted(
            item, f"nameservers[{position}]", to_number, "an address such as 10.83.0.1", servers[position]
        )
    ranges = _spans(item, "ranges", item.texts("ranges"), subnet)
    if not ranges:
        raise item.error("ranges", "the list is empty", f"at least one range of {subnet}")
    return Network(
        name=name,
        bridge=item.text("bridge", pattern=ID_PATTERN, expected=ID_EXPECTED),
        subnet=subnet,
        gateway=gateway,
        nameservers=servers,
        ranges=ranges,
        reserved=_spans(item, "reserved", item.texts("reserved", default=()), subnet),
    )


def _spans(item: Fields, name: str, texts: tuple[str, ...], subnet: Subnet) -> tuple[Span, ...]:
    found: list[Span] = []
    expected = f"addresses of {subnet}: one, first-last, or a smaller network"
    for position, text in enumerate(texts):
        here = f"{name}[{position}]"
        span = _converted(item, here, to_span, expected, text)
        if not span.within(subnet.span):
            raise item.error(here, f"{span} is not in {subnet}", expected)
        found.append(span)
    return tuple(sorted(found))


def _converted[Parsed](
    item: Fields, name: str, convert: Callable[[str], Parsed], expected: str, text: str | None = None
) -> Parsed:
    try:
        return convert(item.text(name, expected=expected) if text is None else text)
    except ValueError as error:
        raise item.error(name, str(error), expected) from None
