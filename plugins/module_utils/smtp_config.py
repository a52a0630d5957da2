# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the inventory says of mail: tenants with their sender domains, destinations with their limits."""

from __future__ import annotations

import ipaddress
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from .core.errors import RenfortError

_DOMAIN = re.compile(r"(?=.{1,253}$)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]([a-z0-9-]{0,61}[a-z0-9])?")
_SELECTOR = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")
_LOCAL_PART = re.compile(r"[a-z0-9._+=-]+")
_DESTINATION = re.compile(r"[a-z0-9_]{1,32}")
_CHUNK = 250
"""Characters of one string of a TXT record; the protocol allows 255."""


def smtp_problems(
    tenants: Sequence[Mapping[str, Any]],
    destinations: Sequence[Mapping[str, Any]],
    internal: Sequence[str] = (),
) -> list[str]:
    """List what is wrong with smtp_tenants, smtp_destinations and smtp_internal_domains, a sentence each."""
    found = [problem for tenant in tenants for problem in _tenant_problems(tenant)]
    found += _twice("smtp_tenants", "domain", (domain for tenant in tenants for domain in tenant["domains"]))
    found += _twice("smtp_tenants", "name", (tenant["name"] for tenant in tenants))
    found += [problem for destination in destinations for problem in _destination_problems(destination)]
    found += _twice("smtp_destinations", "domain", (name for row in destinations for name in row["domains"]))
    found += _twice("smtp_destinations", "name", (row["name"] for row in destinations))
    return found + [
        f"smtp_internal_domains: {name!r} is no domain" for name in internal if not _is_domain(name)
    ]


def _tenant_problems(tenant: Mapping[str, Any]) -> Iterator[str]:
    where = f"smtp_tenants: {tenant['name']}"
    if not tenant["domains"]:
        yield f"{where} has no domain"
    for domain in tenant["domains"]:
        if not _is_domain(domain):
            yield f"{where}: {domain!r} is no domain"
    selector = tenant.get("dkim_selector") or ""
    if selector and not _SELECTOR.fullmatch(selector):
        yield f"{where}: the DKIM selector {selector!r} is not made of a–z, 0–9 and -"
    own = {domain.lower() for domain in tenant["domains"]}
    for sender in tenant.get("notification_senders") or []:
        if not _is_address(sender) or sender.rpartition("@")[2].lower() not in own:
            yield f"{where}: the notification sender {sender!r} is no address in its domains"
    bounces = tenant.get("bounce_address") or ""
    if bounces and not _is_address(bounces):
        yield f"{where}: the bounce address {bounces!r} is no address"


def _destination_problems(destination: Mapping[str, Any]) -> Iterator[str]:
    name = str(destination["name"])
    where = f"smtp_destinations: {name}"
    if not _DESTINATION.fullmatch(name):
        yield f"{where}: a name is made of a–z, 0–9 and _, at most 32"
    for domain in destination["domains"]:
        if not _is_domain(domain):
            yield f"{where}: {domain!r} is no domain"
    for key, least in (
        ("concurrency", 1),
        ("notification_concurrency", 1),
        ("processes", 1),
        ("rate_delay", 0),
    ):
        value = destination.get(key)
        if value is not None and int(value) < least:
            yield f"{where}: {key} is {value}, less than {least}"


def _twice(variable: str, what: str, values: Iterable[str]) -> list[str]:
    counted = Counter(str(value).lower() for value in values)
    return [f"{variable}: the {what} {value} stands twice" for value, times in counted.items() if times > 1]


def _is_domain(text: str) -> bool:
    return bool(_DOMAIN.fullmatch(str(text).lower()))


def _is_address(text: str) -> bool:
    local, at, domain = str(text).lower().rpartition("@")
    return bool(at and _LOCAL_PART.fullmatch(local) and _is_domain(domain))


def signed_domains(tenants: Sequence[Mapping[str, Any]]) -> list[dict[str, str]]:
    """List the domains whose mail is signed: ``domain``, ``selector``, and ``file``, the name of its key."""
    return [
        {"domain": name, "selector": selector, "file": f"{name}.{selector}.key"}
        for tenant in tenants
        for selector in [str(tenant.get("dkim_selector") or "")]
        for name in [str(domain).lower() for domain in tenant["domains"]]
        if selector
    ]


def dns_records(
    tenants: Sequence[Mapping[str, Any]], public_keys: Mapping[str, str], addresses: Sequence[str]
) -> list[str]:
    """Write the DNS records of the sender domains, as lines of a zone file.

    Args:
        tenants: what smtp_tenants holds.
        public_keys: domain → public key (PEM), for the signed domains.
        addresses: the addresses from which the relays send, as the internet sees them.

    Raises:
        RenfortError: a signed domain has no public key, or an address is none.
    """
    lines = []
    keys = {row["domain"]: row["selector"] for row in signed_domains(tenants)}
    sources = " ".join(_mechanism(address) for address in addresses)
    for domain in [str(name).lower() for tenant in tenants for name in tenant["domains"]]:
        if domain in keys:
            if domain not in public_keys:
                raise RenfortError(f"there is no public key of {domain}: run role smtp on a relay first")
            value = f"v=DKIM1; k=rsa; p={_key_bytes(public_keys[domain])}"
            lines.append(f"{keys[domain]}._domainkey.{domain}. IN TXT {_strings(value)}")
        lines.append(f'{domain}. IN TXT "v=spf1 {sources} -all"')
        lines.append(f'_dmarc.{domain}. IN TXT "v=DMARC1; p=quarantine; adkim=s; aspf=r"')
    return lines


def _mechanism(address: str) -> str:
    try:
        parsed = ipaddress.ip_network(address, strict=False)
    except ValueError as error:
        raise RenfortError(f"{address!r} is no address from which mail can be sent") from error
    whole = parsed.prefixlen == parsed.max_prefixlen
    return f"ip{parsed.version}:{parsed.network_address if whole else parsed}"


def _key_bytes(pem: str) -> str:
    return "".join(line.strip() for line in pem.splitlines() if line and not line.startswith("-----"))


def _strings(value: str) -> str:
    parts = [value[start : start + _CHUNK] for start in range(0, len(value), _CHUNK)]
    return " ".join(f'"{part}"' for part in parts)
