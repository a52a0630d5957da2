# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the documentation says of the API's options is what the plugins take."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from ansible_collections.ent.renfort.plugins.action.pve_guests import OPTIONS
from ansible_collections.ent.renfort.plugins.action.pve_template import OPTIONS as TEMPLATE_OPTIONS
from ansible_collections.ent.renfort.plugins.doc_fragments.pve import ModuleDocFragment
from ansible_collections.ent.renfort.plugins.inventory import fleet
from ansible_collections.ent.renfort.plugins.module_utils import proxmox_options
from ansible_collections.ent.renfort.plugins.module_utils.proxmox_errors import OptionsError
from ansible_collections.ent.renfort.plugins.modules import (
    pve_access,
    pve_cluster_info,
    pve_guests,
    pve_template,
)

FRAGMENT = yaml.safe_load(ModuleDocFragment.DOCUMENTATION)["options"]
SPEC = proxmox_options.argument_spec(lambda *_: None)


def essence(options: Mapping[str, Mapping[str, Any]]) -> dict[str, tuple[Any, ...]]:
    return {
        name: (option["type"], option.get("elements"), option.get("default"), option.get("required", False))
        for name, option in options.items()
    }


def test_the_fragment_documents_the_options_that_are_taken() -> None:
    assert essence(FRAGMENT) == essence(SPEC)


def test_the_fragment_names_the_environment_that_stands_in() -> None:
    documented = {name: option["env"][0]["name"] for name, option in FRAGMENT.items() if "env" in option}

    assert documented == proxmox_options.ENVIRONMENT
    assert {name: option["fallback"][1] for name, option in SPEC.items() if "fallback" in option} == {
        name: [variable] for name, variable in documented.items()
    }


def test_pve_guests_documents_the_options_that_its_action_takes() -> None:
    assert essence(yaml.safe_load(pve_guests.DOCUMENTATION)["options"]) == essence(OPTIONS)


def test_pve_access_documents_the_options_that_it_takes() -> None:
    assert essence(yaml.safe_load(pve_access.DOCUMENTATION)["options"]) == essence(pve_access.OPTIONS)
    assert pve_access.OPTIONS["api_password"]["no_log"] is True


def test_pve_template_documents_the_options_that_its_action_takes() -> None:
    assert essence(yaml.safe_load(pve_template.DOCUMENTATION)["options"]) == essence(TEMPLATE_OPTIONS)


@pytest.mark.parametrize("plugin", [pve_guests, pve_cluster_info, pve_access, pve_template, fleet])
def test_every_user_of_the_api_extends_the_fragment(plugin: Any) -> None:
    assert "ent.renfort.pve" in yaml.safe_load(plugin.DOCUMENTATION)["extends_documentation_fragment"]


def test_the_secret_is_never_logged() -> None:
    assert SPEC["api_token_secret"]["no_log"] is True


GIVEN = {
    "api_host": "pve1.example",
    "api_user": "renfort@pve",
    "api_token_id": "ops",
    "api_token_secret": "s3cret",
}


def test_settings_have_the_documented_defaults() -> None:
    settings = proxmox_options.settings_from(GIVEN)

    assert settings.where == "https://pve1.example:8006"
    assert (settings.ca_file, settings.timeout_s) == ("", 30.0)


def test_a_full_token_name_says_its_user_too() -> None:
    settings = proxmox_options.settings_from(GIVEN | {"api_user": None, "api_token_id": "renfort@pve!ops"})

    assert (settings.user, settings.token_id) == ("renfort@pve", "ops")


def test_the_secret_is_read_from_a_file_in_the_home_directory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "token").write_text("from-file\n")

    settings = proxmox_options.settings_from(GIVEN | {"api_token_secret": None, "api_token_file": "~/token"})

    assert settings.token_secret == "from-file"


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"api_host": None}, "api_host is not set.*RENFORT_PVE_HOST"),
        ({"api_user": " "}, "api_user is not set.*RENFORT_PVE_USER"),
        ({"api_token_id": None}, "api_token_id is not set.*RENFORT_PVE_TOKEN_ID"),
        ({"api_token_secret": None}, "neither api_token_secret nor api_token_file"),
        ({"api_token_secret": None, "api_token_file": "/nowhere/token"}, "/nowhere/token.*No such file"),
        ({"ca_file": "/nowhere/ca.pem"}, r"/nowhere/ca\.pem \(ca_file\): No such file"),
        ({"api_port": "https"}, "api_port is 'https'.*whole number"),
        ({"timeout": 0}, "timeout is '0'"),
    ],
)
def test_a_missing_or_wrong_option_is_named_with_what_to_set(changes: dict[str, Any], words: str) -> None:
    with pytest.raises(OptionsError, match=words):
        proxmox_options.settings_from(GIVEN | changes)


def test_an_empty_secret_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "token").write_text("\n")
    with pytest.raises(OptionsError, match=r"token.*is empty"):
        proxmox_options.settings_from(
            GIVEN | {"api_token_secret": "", "api_token_file": str(tmp_path / "token")}
        )


def test_a_file_without_a_certificate_is_named(tmp_path: Path) -> None:
    (tmp_path / "ca.pem").write_text("-----BEGIN PRIVATE KEY-----\n")
    with pytest.raises(OptionsError, match=r"ca\.pem \(ca_file\) holds no certificate"):
        proxmox_options.settings_from(GIVEN | {"ca_file": str(tmp_path / "ca.pem")})
