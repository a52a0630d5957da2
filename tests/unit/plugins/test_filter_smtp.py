# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the filters of mail make of the inventory's tenants and destinations."""

from __future__ import annotations

from typing import Any

import pytest
from ansible.errors import AnsibleFilterError

from ansible_collections.ent.renfort.plugins.filter.smtp_dns_records import smtp_dns_records_filter
from ansible_collections.ent.renfort.plugins.filter.smtp_problems import smtp_problems_filter
from ansible_collections.ent.renfort.plugins.filter.smtp_signed_domains import smtp_signed_domains_filter

EURE = {"name": "eure", "domains": ["Eure.example"], "dkim_selector": "s1"}
PEM = "-----BEGIN PUBLIC KEY-----\n" + "A" * 64 + "\n" + "B" * 300 + "\n-----END PUBLIC KEY-----\n"


def test_a_sound_inventory_has_no_problem() -> None:
    tenant = EURE | {"notification_senders": ["n+x@eure.example"], "bounce_address": "b@other.example"}
    destination = {"name": "orange", "domains": ["orange.fr"], "concurrency": 2, "rate_delay": 0}
    assert smtp_problems_filter([tenant], [destination], ["mailbox.example"]) == []


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"domains": []}, "has no domain"),
        ({"domains": ["eure"]}, "'eure' is no domain"),
        ({"dkim_selector": "s_1"}, "the DKIM selector 's_1'"),
        ({"notification_senders": ["n@other.example"]}, "no address in its domains"),
        ({"bounce_address": "bounces"}, "the bounce address 'bounces'"),
    ],
)
def test_a_tenant_that_cannot_be_is_told(change: dict[str, Any], said: str) -> None:
    (problem,) = smtp_problems_filter([EURE | change], [])
    assert said in problem


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"name": "a-b"}, "a name is made of"),
        ({"domains": ["-x.example"]}, "is no domain"),
        ({"concurrency": 0}, "concurrency is 0, less than 1"),
        ({"rate_delay": -1}, "rate_delay is -1"),
    ],
)
def test_a_destination_that_cannot_be_is_told(change: dict[str, Any], said: str) -> None:
    destination = {"name": "a", "domains": ["a.example"], "concurrency": 1}
    (problem,) = smtp_problems_filter([], [destination | change])
    assert said in problem


def test_a_domain_belongs_to_one_tenant_and_to_one_destination() -> None:
    rows = [{"name": name, "domains": ["a.example"], "concurrency": 1} for name in ("x", "y")]
    assert smtp_problems_filter(rows, rows) == [
        "smtp_tenants: the domain a.example stands twice",
        "smtp_destinations: the domain a.example stands twice",
    ]


def test_an_internal_domain_is_a_domain() -> None:
    assert smtp_problems_filter([], [], ["/x/"]) == ["smtp_internal_domains: '/x/' is no domain"]


def test_domains_of_a_tenant_without_a_selector_are_not_signed() -> None:
    assert smtp_signed_domains_filter([EURE, {"name": "b", "domains": ["b.example"]}]) == [
        {"domain": "eure.example", "selector": "s1", "file": "eure.example.s1.key"}
    ]


def test_records_hold_the_key_the_senders_and_what_to_do_else() -> None:
    dkim, spf, dmarc = smtp_dns_records_filter([EURE], {"eure.example": PEM}, ["192.0.2.25", "2001:db8::/64"])
    owner, _, text = dkim.partition(" IN TXT ")
    assert owner == "s1._domainkey.eure.example."
    strings = text[1:-1].split('" "')
    assert all(len(string) <= 255 for string in strings)
    assert "".join(strings) == "v=DKIM1; k=rsa; p=" + "A" * 64 + "B" * 300
    assert spf == 'eure.example. IN TXT "v=spf1 ip4:192.0.2.25 ip6:2001:db8::/64 -all"'
    assert dmarc.startswith("_dmarc.eure.example. IN TXT ")


@pytest.mark.parametrize(("keys", "addresses"), [({}, ["192.0.2.25"]), ({"eure.example": PEM}, ["relay"])])
def test_records_that_cannot_be_made_are_refused(keys: dict[str, str], addresses: list[str]) -> None:
    with pytest.raises(AnsibleFilterError, match=r"no public key|is no address"):
        smtp_dns_records_filter([EURE], keys, addresses)
