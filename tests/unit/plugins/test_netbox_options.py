# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the documentation says of the options is what the module takes, and what is made of them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from ansible_collections.ent.renfort.plugins.module_utils import netbox_mapping, netbox_networks
from ansible_collections.ent.renfort.plugins.module_utils.netbox_errors import NetboxOptionsError
from ansible_collections.ent.renfort.plugins.module_utils.netbox_options import (
    ENVIRONMENT,
    Selection,
    argument_spec,
    selection_from,
    settings_from,
)
from ansible_collections.ent.renfort.plugins.modules import netbox_stock

REFERENCE = Path(__file__).resolve().parents[3] / "docs" / "reference"
SPEC = argument_spec(lambda *_: None) | {"strict": {"type": "bool", "default": False}}
DOCUMENTED = yaml.safe_load(netbox_stock.DOCUMENTATION)["options"]
GIVEN = {"url": "https://netbox.example", "token": "nbt_key.s3cret"}


def essence(options: dict[str, dict[str, Any]]) -> dict[str, tuple[Any, ...]]:
    return {
        name: (option["type"], option.get("elements"), option.get("default"))
        for name, option in options.items()
    }


def test_the_documentation_has_the_options_that_are_taken() -> None:
    assert essence(DOCUMENTED) == essence(SPEC)


def test_the_documentation_names_the_environment_that_stands_in() -> None:
    for name, variable in ENVIRONMENT.items():
        assert f"E({variable})" in " ".join(DOCUMENTED[name]["description"])
        assert SPEC[name]["fallback"][1] == [variable]


def test_the_documentation_shows_what_is_returned() -> None:
    returned = yaml.safe_load(netbox_stock.RETURN)

    assert set(returned) == {"stock", "networks", "notes"}
    assert set(returned["stock"]["contains"]) == {"hypervisors", "servers", "deliveries"}


def test_the_token_is_never_logged() -> None:
    assert SPEC["token"]["no_log"] is True


def test_the_defaults_are_those_of_the_selection() -> None:
    assert selection_from({}) == Selection()
    assert selection_from({name: SPEC[name].get("default") for name in SPEC}) == Selection()


@pytest.mark.parametrize(
    "url",
    ["https://netbox.example/", "https://netbox.example/api", "https://netbox.example/api/"],
)
def test_the_address_of_the_api_is_one_of_netbox_too(url: str) -> None:
    assert settings_from(GIVEN | {"url": url}).url == "https://netbox.example"


def test_a_path_of_netbox_stays() -> None:
    assert settings_from(GIVEN | {"url": "https://example.net/netbox/"}).url == "https://example.net/netbox"


def test_the_token_comes_from_a_file(tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.write_text("nbt_key.other\n")

    assert settings_from({"url": GIVEN["url"], "token_file": str(file)}).token == "nbt_key.other"
    assert settings_from(GIVEN | {"token_file": str(file)}).token == "nbt_key.s3cret"


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"url": ""}, "the option url is not set. Set it, or the environment variable RENFORT_NETBOX_URL"),
        ({"url": "netbox.example"}, "the option url is 'netbox.example'"),
        ({"url": "ftp://netbox.example"}, "such as https://netbox.example.net"),
        ({"url": "https://me:pw@netbox.example"}, "such as https://netbox.example.net"),
        ({"token": None}, "neither token nor token_file is set"),
        ({"token": "", "token_file": "/nowhere/token"}, "No such file or directory"),
        ({"token": "", "token_file": "{tmp}/empty"}, "does not hold one token"),
        ({"token": "", "token_file": "{tmp}/words"}, "does not hold one token"),
        ({"token": "", "token_file": "{tmp}/bytes"}, "Cannot read the API token"),
        ({"ca_file": "/nowhere/ca.pem"}, "(ca_file): No such file or directory"),
        ({"ca_file": "{tmp}/words"}, "holds no certificate"),
        ({"timeout": 0}, "Expected a whole number of seconds"),
        ({"sites": [], "server_roles": []}, "The option server_roles is an empty list"),
        ({"server_statuses": ["active"]}, "status active is in hypervisor_statuses and in server_statuses"),
    ],
)
def test_an_impossible_option_is_refused(tmp_path: Path, changes: dict[str, Any], message: str) -> None:
    (tmp_path / "empty").write_text(" \n")
    (tmp_path / "words").write_text("token: nbt_key.s3cret\n")
    (tmp_path / "bytes").write_bytes(b"\xff\xfe")
    given = {
        key: value.replace("{tmp}", str(tmp_path)) if isinstance(value, str) else value
        for key, value in (GIVEN | changes).items()
    }
    with pytest.raises(NetboxOptionsError) as caught:
        _ = selection_from(given), settings_from(given)
    assert message in str(caught.value)


def test_an_interpreter_that_is_too_old_is_told() -> None:
    assert "Python 3.12 or newer" in netbox_stock.unusable(SyntaxError("def f[T]"))
    assert "pynetbox" in netbox_stock.unusable(ModuleNotFoundError("No module", name="pynetbox"))


def test_every_custom_field_is_documented_and_comes_with_the_file_to_import() -> None:
    read = {
        value
        for module in (netbox_mapping, netbox_networks)
        for name, value in vars(module).items()
        if name.isupper() and str(value).startswith("renfort_")
    }
    page = (REFERENCE / "netbox.md").read_text(encoding="utf-8")
    imported = yaml.safe_load((REFERENCE / "netbox_custom_fields.yml").read_text(encoding="utf-8"))

    assert {field["name"] for field in imported} == read
    assert [name for name in sorted(read) if f"`{name}`" not in page] == []
    assert [
        name for name in SPEC if name.endswith(("_roles", "_statuses", "_tag")) and name not in page
    ] == []
