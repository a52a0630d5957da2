# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Other people's firewalls on this host, where they would drop the lab's packets by default.

An accept in the lab's own table cannot overrule another table's policy, so the accept goes to the
head of the chain that drops, marked, and is removed with the lab's last network.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from . import process

MARK = "renfort-lab"
LINKS = "rf-"
LEGACY_TABLES = Path("/proc/net/ip_tables_names")


def chains_that_drop(listing: dict[str, Any], own_table: str) -> list[tuple[str, str, str]]:
    """(family, table, chain) of others' forward chains whose policy is to drop."""
    chains = [entry["chain"] for entry in listing.get("nftables", []) if "chain" in entry]
    return [
        (chain["family"], chain["table"], chain["name"])
        for chain in chains
        if chain.get("hook") == "forward"
        and chain.get("policy") == "drop"
        and chain["family"] in ("ip", "inet")
        and chain["table"] != own_table
    ]


def marked_rules(listing: dict[str, Any]) -> list[tuple[str, str, str, int]]:
    """(family, table, chain, handle) of the rules that the lab added."""
    rules = [entry["rule"] for entry in listing.get("nftables", []) if "rule" in entry]
    return [
        (rule["family"], rule["table"], rule["chain"], rule["handle"])
        for rule in rules
        if rule.get("comment") == MARK
    ]


async def open_chains(own_table: str) -> None:
    """Let the lab's packets through chains that drop by default; done again it changes nothing."""
    listing = json.loads((await process.run(["nft", "-json", "list", "ruleset"])).text or "{}")
    done = {rule[:3] for rule in marked_rules(listing)}
    lines = [
        f'insert rule {family} {table} {chain} {side} "{LINKS}*" accept comment "{MARK}"\n'
        for family, table, chain in chains_that_drop(listing, own_table)
        if (family, table, chain) not in done
        for side in ("iifname", "oifname")
    ]
    if lines:
        await process.run(["nft", "-f", "-"], stdin="".join(lines).encode())
    if await _legacy_drops():
        for side in ("-i", "-o"):
            if (await _legacy("-C", side)).code != 0:
                await _legacy("-I", side)


async def close_chains() -> None:
    """Remove what `open_chains` added."""
    listing = json.loads((await process.run(["nft", "-json", "list", "ruleset"])).text or "{}")
    lines = [
        f"delete rule {family} {table} {chain} handle {handle}\n"
        for family, table, chain, handle in marked_rules(listing)
    ]
    if lines:
        await process.run(["nft", "-f", "-"], stdin="".join(lines).encode())
    if _legacy_filter_loaded():
        for side in ("-i", "-o"):
            while (await _legacy("-D", side)).code == 0:
                continue


def _legacy_filter_loaded() -> bool:
    """Whether the old filter table exists; asking iptables itself would create it."""
    return LEGACY_TABLES.exists() and "filter" in LEGACY_TABLES.read_text().split()


async def _legacy_drops() -> bool:
    if not _legacy_filter_loaded():
        return False
    return "-P FORWARD DROP" in (await process.run(["iptables-legacy", "-S", "FORWARD"])).text


async def _legacy(verb: str, side: str) -> process.Ended:
    rule = ["FORWARD", side, f"{LINKS}+", "-j", "ACCEPT", "-m", "comment", "--comment", MARK]
    return await process.attempt(["iptables-legacy", "--wait", verb, *rule])
