# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The options of what works on servers: documented as they are taken, refused with what is wrong."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from ansible_collections.ent.renfort.plugins.action import server_enrol as enrol
from ansible_collections.ent.renfort.plugins.action import server_power as power
from ansible_collections.ent.renfort.plugins.action import server_service as service
from ansible_collections.ent.renfort.plugins.doc_fragments.bmc import ModuleDocFragment
from ansible_collections.ent.renfort.plugins.module_utils import redfish_options
from ansible_collections.ent.renfort.plugins.module_utils.core.errors import InputError
from ansible_collections.ent.renfort.plugins.module_utils.redfish_errors import BmcOptionsError
from ansible_collections.ent.renfort.plugins.module_utils.server_service import online_of
from ansible_collections.ent.renfort.plugins.modules import server_enrol, server_power, server_service

SPEC = redfish_options.argument_spec(lambda *_: None)
FRAGMENT = yaml.safe_load(ModuleDocFragment.DOCUMENTATION)["options"]


def essence(options: Mapping[str, Mapping[str, Any]]) -> dict[str, tuple[Any, ...]]:
    return {
        name: (option["type"], option.get("elements"), option.get("default"), option.get("required", False))
        for name, option in options.items()
    }


@pytest.mark.parametrize(
    ("module", "action"), [(server_power, power), (server_enrol, enrol), (server_service, service)]
)
def test_what_is_documented_is_what_is_taken(module: Any, action: Any) -> None:
    assert essence(yaml.safe_load(module.DOCUMENTATION)["options"]) == essence(action.OPTIONS)


def test_the_fragment_documents_the_options_of_the_bmcs() -> None:
    assert essence(FRAGMENT) == essence(SPEC)
    documented = {name: option["env"][0]["name"] for name, option in FRAGMENT.items() if "env" in option}
    assert documented == redfish_options.ENVIRONMENT
    assert SPEC["bmc_password"]["no_log"] is True


def test_user_and_password_come_from_files(tmp_path: Path) -> None:
    for name, text in (("user", "operator\n"), ("password", "secret phrase\n")):
        (tmp_path / name).write_text(text)
    files = {"bmc_user_file": str(tmp_path / "user"), "bmc_password_file": str(tmp_path / "password")}
    settings = redfish_options.settings_from(files)
    assert (settings.user, settings.password) == ("operator", "secret phrase")
    assert "secret" not in repr(settings)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            {"bmc_user": None},
            "neither bmc_user nor bmc_user_file is set. Set one of them, or RENFORT_",
        ),
        ({"bmc_password": ""}, "neither bmc_password nor bmc_password_file is set."),
        ({"bmc_password": None, "bmc_password_file": "absent"}, "No such file or directory."),
        ({"bmc_password": None, "bmc_password_file": "empty"}, "(bmc_password_file) is empty."),
        ({"bmc_ca_file": "empty"}, "(bmc_ca_file) holds no certificate."),
        ({"bmc_timeout": -1}, "The option bmc_timeout is -1. Expected seconds, at least 1."),
    ],
)
def test_what_is_wrong_is_told(tmp_path: Path, options: dict[str, Any], message: str) -> None:
    (tmp_path / "empty").touch()
    given = {
        name: str(tmp_path / value) if name.endswith("_file") and value else value
        for name, value in options.items()
    }
    with pytest.raises(BmcOptionsError) as caught:
        redfish_options.settings_from({"bmc_user": "operator", "bmc_password": "secret phrase", **given})
    assert message in str(caught.value)


def test_hypervisors_are_those_that_the_cluster_shows() -> None:
    assert online_of([{"name": "pve1", "online": True}, {"name": "pve2", "online": False}]) == {
        "pve1": True,
        "pve2": False,
    }
    assert online_of(None) is None
    with pytest.raises(InputError, match="without name or online"):
        online_of([{"name": "pve1"}])
