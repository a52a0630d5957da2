# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module's code against a real NetBox."""

from __future__ import annotations

import re
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest
import yaml

from ansible_collections.ent.renfort.plugins.module_utils import netbox_errors as errors
from ansible_collections.ent.renfort.plugins.module_utils.netbox_mapping import Documents
from ansible_collections.ent.renfort.plugins.module_utils.netbox_options import Selection
from ansible_collections.ent.renfort.plugins.module_utils.netbox_stock import Client, read_documents
from tests.netbox.conftest import Filled
from tests.netbox.running import PAGE
from tests.netbox.seed import CROWD, CUSTOM_FIELDS, Seed

EXPECTED = yaml.safe_load((Path(__file__).parent / "expected.yml").read_text(encoding="utf-8"))
SITES = ("nord", "sud")


def without_ids(documents: Documents) -> dict[str, Any]:
    """The documents; the numbers of objects in notes depend on the order of the seed."""
    data = asdict(documents)
    return data | {"notes": [re.sub(r" \(id \d+\)", "", note) for note in data["notes"]]}


def test_the_documents_are_those_of_the_seed(netbox: Filled) -> None:
    documents = read_documents(netbox.settings(), Selection(sites=SITES))

    assert without_ids(documents) == EXPECTED


def test_a_token_of_version_1_reads_the_same(netbox: Filled) -> None:
    settings = netbox.settings(token=netbox.tokens.reader_v1)

    assert without_ids(read_documents(settings, Selection(sites=SITES))) == EXPECTED


def test_the_same_netbox_gives_the_same_text(netbox: Filled) -> None:
    texts = {
        yaml.safe_dump(asdict(read_documents(netbox.settings(), Selection())), sort_keys=False)
        for _ in range(2)
    }
    assert len(texts) == 1


def test_long_lists_are_read_page_by_page(netbox: Filled) -> None:
    client = Client(netbox.settings())
    rows = client.read(Selection(sites=("crowd",)))

    assert len(rows.servers) == CROWD
    assert len(rows.nics) == 3 * CROWD
    # Of the lists, these two have more than one page.
    pages = -(-CROWD // PAGE) + -(-3 * CROWD // PAGE)
    assert client.calls == 10 + pages


def test_a_role_counts_with_those_below_it_only(netbox: Filled) -> None:
    documents = read_documents(netbox.settings(), Selection(hypervisor_roles=("gpu",), network_tag=""))

    assert list(documents.stock["hypervisors"]) == ["pve2"]
    assert documents.networks == {}


def test_other_statuses_can_be_selected(netbox: Filled) -> None:
    documents = read_documents(
        netbox.settings(), Selection(hypervisor_statuses=("offline",), server_statuses=("active",))
    )
    assert list(documents.stock["hypervisors"]) == ["pve6"]
    assert "db1" in documents.stock["servers"]


def test_strict_accepts_nothing_incomplete(netbox: Filled) -> None:
    with pytest.raises(errors.IncompleteStockError, match=r"pve4.*no rack"):
        read_documents(netbox.settings(), Selection(), strict=True)


@pytest.mark.parametrize(
    ("changes", "kind", "words"),
    [
        ({"token": f"nbt_abcdefghijkl.{'x' * 40}"}, errors.NetboxAuthError, "Invalid v2 token"),
        ({"token": "0" * 40}, errors.NetboxAuthError, "Invalid v1 token"),
        ({"token": "nbt_half"}, errors.NetboxAuthError, "Could not parse key from v2 token"),
        ({"ca_file": ""}, errors.NetboxTlsError, "self-signed certificate"),
        ({"timeout_s": 0.001}, errors.NetboxUnreachableError, "no answer in 0 s"),
    ],
)
def test_a_refusal_is_told(
    netbox: Filled, changes: dict[str, Any], kind: type[Exception], words: str
) -> None:
    with pytest.raises(kind, match=words):
        read_documents(netbox.settings(**changes), Selection())


def test_a_token_without_permissions_is_told(netbox: Filled) -> None:
    with pytest.raises(errors.NetboxPermissionError, match="may not read"):
        read_documents(netbox.settings(token=netbox.tokens.nobody), Selection())


def test_http_to_a_port_with_tls_is_told(netbox: Filled) -> None:
    url = netbox.running.url.replace("https", "http")
    with pytest.raises(errors.NetboxError, match=f"Could not ask {url}"):
        read_documents(netbox.settings(url=url), Selection())


def test_a_path_that_is_not_netbox_s_is_told(netbox: Filled) -> None:
    with pytest.raises(errors.NotNetboxError, match="answers 404"):
        read_documents(netbox.settings(url=f"{netbox.running.url}/wiki"), Selection())


@pytest.mark.parametrize(
    ("changes", "option"),
    [
        ({"sites": ("nowhere",)}, "sites"),
        ({"hypervisor_roles": ("nothing",)}, "hypervisor_roles"),
        ({"server_roles": ("server", "nothing")}, "server_roles"),
        ({"server_statuses": ("shelved",)}, "server_statuses"),
        ({"delivery_statuses": ("ordered",)}, "delivery_statuses"),
        ({"network_tag": "nothing"}, "network_tag"),
    ],
)
def test_a_slug_that_does_not_exist_is_told_with_its_option(
    netbox: Filled, changes: dict[str, Any], option: str
) -> None:
    words = f"does not accept the option {option}: Select a valid choice"
    with pytest.raises(errors.NetboxChoiceError, match=words):
        read_documents(netbox.settings(), Selection(**changes))


def test_the_custom_fields_of_the_documentation_can_be_seen_and_edited(netbox: Filled) -> None:
    documented = yaml.safe_load(CUSTOM_FIELDS.read_text(encoding="utf-8"))
    made = {field.name: field for field in Seed(netbox.running).api.extras.custom_fields.all()}

    assert set(made) == {field["name"] for field in documented}
    assert {field.ui_visible.value for field in made.values()} == {"always"}
    assert {field.ui_editable.value for field in made.values()} == {"yes"}


def test_a_custom_field_that_is_missing_is_named(netbox: Filled) -> None:
    """By its name, under another one for the time of this test; NetBox keeps the values."""
    api = Seed(netbox.running).api
    field = api.extras.custom_fields.get(name="renfort_bridge")
    field.update({"name": "renfort_bridge_away"})
    try:
        with pytest.raises(errors.MissingFieldError, match="renfort_bridge does not exist for prefixes"):
            read_documents(netbox.settings(), Selection())
    finally:
        field.update({"name": "renfort_bridge"})
    assert without_ids(read_documents(netbox.settings(), Selection(sites=SITES))) == EXPECTED
