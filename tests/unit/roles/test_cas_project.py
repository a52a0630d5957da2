# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The parts of the CAS's project that need neither Django nor a database."""

from __future__ import annotations

import importlib
import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.ent.renfort.plugins.module_utils.core.cas_registry import complete

PROJECT = Path(__file__).parents[3] / "roles" / "cas" / "files" / "project"


@pytest.fixture(scope="module")
def project() -> Iterator[Any]:
    """Imports a module of the project by its name."""
    sys.path.insert(0, str(PROJECT))
    yield lambda name: importlib.import_module(f"renfort_cas.{name}")
    sys.path.remove(str(PROJECT))


def matches(project: Any, address: str, host: str = "eure.ent.example", **service: Any) -> bool:
    (entry,) = project("registry").entries(complete([{"name": "P", "hosts": [host], **service}]))
    return re.match(entry.pattern, address) is not None


@pytest.mark.parametrize(
    "address",
    [
        "https://eure.ent.example",
        "https://eure.ent.example/",
        "https://eure.ent.example:443/home?next=https://elsewhere.example/&é=1#top",
        "https://eure.ent.example?ticket=1",
    ],
)
def test_addresses_of_a_host_belong_to_its_service(project: Any, address: str) -> None:
    assert matches(project, address)


@pytest.mark.parametrize(
    "address",
    [
        "http://eure.ent.example/",
        "https://eureXent.example/",
        "https://eure.ent.example.elsewhere.example/",
        "https://eure.ent.example@elsewhere.example/",
        "https://eure.ent.example:8443/",
        "https://eure.ent.example\\@elsewhere.example/",
        "https://eure.ent.example/\\elsewhere",
        "https://eure.ent.example/\n",
        "https://eure.ent.example/a b",
        "javascript:https://eure.ent.example/",
        "HTTPS://EURE.ENT.EXAMPLE/",
    ],
)
def test_other_addresses_do_not(project: Any, address: str) -> None:
    assert not matches(project, address)


def test_http_ports_and_paths_are_for_who_names_them(project: Any) -> None:
    assert matches(project, "http://eure.ent.example/", schemes=["http", "https"])
    assert matches(project, "https://forge.example:8443/app/x", host="forge.example:8443", path="/app/")
    assert not matches(project, "https://forge.example:8443/apple", host="forge.example:8443", path="/app/")
    assert not matches(project, "https://forge.example/app/", host="forge.example:8443", path="/app/")


def test_profiles_are_matched_as_a_whole(project: Any) -> None:
    pattern = project("registry").profile_pattern(["teacher", "staff"])
    assert [name for name in ("teacher", "staff", "staffer", "pupil", "") if re.match(pattern, name)] == [
        "teacher",
        "staff",
    ]


def test_accounts_are_read_from_csv_and_from_json_lines(project: Any) -> None:
    read = project("accounts_file").read
    csv = ["\ufeffusername;profile;name;mail\n", 'Anne.B;pupil;"Anne; B";\n', "carl,pupil\n"]
    (row,) = read(csv[:2])
    assert (row.username, row.name, row.mail) == ("anne.b", "Anne; B", "")
    lines = [json.dumps({"username": "dora", "profile": "staff", "name": "Dora", "school": "X"}), "\n"]
    assert read(lines)[0].school == "X"
    with pytest.raises(project("accounts_file").AccountsError, match="line 3"):
        read(csv)


@pytest.mark.parametrize(
    ("record", "complaint"),
    [
        ({"profile": "pupil", "name": "A"}, "username is missing"),
        ({"username": "a b", "profile": "pupil", "name": "A"}, "other characters"),
        ({"username": "a", "profile": "king", "name": "A"}, "profile is none of"),
        ({"username": "a", "profile": "pupil", "name": " "}, "name is missing"),
        ({"username": "a", "profile": "pupil", "name": "A", "admin": "1"}, "unknown admin"),
        ({"username": "a", "profile": "pupil", "name": 1}, "name is no text"),
        ({"username": "a", "profile": "pupil", "name": "A" * 201}, "longer than 200"),
        ({"username": "a", "profile": "pupil", "name": "A", "password_hash": "md5"}, "password_hash is no"),
    ],
)
def test_a_mistake_is_named_with_its_line(project: Any, record: dict[str, Any], complaint: str) -> None:
    right = {"username": "first", "profile": "pupil", "name": "First"}
    module = project("accounts_file")
    with pytest.raises(module.AccountsError, match=f"line 2: .*{complaint}"):
        module.read([json.dumps(right), json.dumps(record)])


def test_an_account_stands_once_in_a_file(project: Any) -> None:
    module = project("accounts_file")
    rows = [json.dumps({"username": name, "profile": "pupil", "name": "A"}) for name in ("one", "ONE")]
    with pytest.raises(module.AccountsError, match="line 2: one for the second time"):
        module.read(rows)


def test_many_mistakes_are_counted(project: Any) -> None:
    module = project("accounts_file")
    with pytest.raises(module.AccountsError, match="and 5 more"):
        module.read(["username,profile,name\n", *["a b,pupil,A\n"] * 15])


def test_settings_that_do_not_fit_the_release_are_refused(project: Any, tmp_path: Path) -> None:
    module = project("config")
    file = tmp_path / "settings.json"
    for content in ("", "{}", '{"secret_key": "x"}', "[]"):
        file.write_text(content)
        with pytest.raises(module.ConfigError, match=r"settings.json"):
            module.read(file)


def test_both_languages_have_the_same_texts(project: Any) -> None:
    source = (PROJECT / "renfort_cas" / "texts.py").read_text(encoding="utf-8")
    french, english = (set(re.findall(r'^        "(\w+)":', part, re.M)) for part in source.split('"en": {'))
    assert french == english != set()
