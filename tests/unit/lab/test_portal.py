# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The stand-in portal answers as a browser would see it, and its artifact is always the same."""

from __future__ import annotations

import json
import os
import tarfile
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from wsgiref.util import setup_testing_defaults
from wsgiref.validate import validator

import pytest

from lab.portal import build
from lab.portal.portal.request import preferred
from lab.portal.portal.settings import Settings, SettingsError
from lab.portal.portal.texts import TEXTS
from lab.portal.portal.wsgi import Portal

ENVIRON = {
    "PORTAL_TENANT": "eure",
    "PORTAL_TITLE": "Collèges de l'Eure <&>",
    "PORTAL_REGION": "Normandie",
    "PORTAL_SCHOOLS": "56",
    "PORTAL_DEV_PROFILES": "1",
}
PROFILES = ("pupil", "parent", "teacher", "staff")


@dataclass
class Answered:
    status: str = ""
    headers: dict[str, str] = field(default_factory=dict)
    text: str = ""


def ask(
    path: str, *, method: str = "GET", query: str = "", environ: dict[str, str] | None = None, **headers: str
) -> Answered:
    """What the portal answers, through a checker of the WSGI protocol."""
    request: dict[str, Any] = {
        "REQUEST_METHOD": method,
        "SCRIPT_NAME": "",
        "PATH_INFO": path,
        "QUERY_STRING": query,
        **{f"HTTP_{name.upper()}": value for name, value in headers.items()},
    }
    setup_testing_defaults(request)
    answered = Answered()

    def start(status: str, pairs: list[tuple[str, str]], exc_info: Any = None) -> Any:
        answered.status, answered.headers = status, dict(pairs)
        return lambda data: None

    result = validator(Portal(Settings.from_environ(environ or ENVIRON)))(request, start)
    answered.text = b"".join(result).decode()
    result.close()
    return answered


class Outline(HTMLParser):
    """Element names, ids and the references between them."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.ids: list[str] = []
        self.labelled: list[str] = []
        self.language = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        self.tags.append(tag)
        self.ids += [given["id"]] if "id" in given else []
        self.labelled += [given["aria-labelledby"]] if "aria-labelledby" in given else []
        self.language = self.language or given.get("lang", "")


def test_the_public_page_names_the_tenant_and_its_schools() -> None:
    page = ask("/")
    assert page.status == "200 OK"
    assert "Collèges de l&#39;Eure &lt;&amp;&gt;" in page.text
    assert "56 établissements" in page.text
    assert "Normandie" in page.text


@pytest.mark.parametrize(
    ("header", "language"),
    [
        ("en-GB,en;q=0.9", "en"),
        ("fr;q=0.2, en;q=0.8", "en"),
        ("de, fr;q=0.5", "fr"),
        ("", "fr"),
        ("en;q=x,fr;q=0.1", "fr"),
    ],
)
def test_the_language_is_the_one_the_browser_prefers(header: str, language: str) -> None:
    assert preferred(header) == language


def test_a_language_chosen_once_is_kept() -> None:
    chosen = ask("/", query="lang=en")
    assert "56 schools" in chosen.text
    cookie = chosen.headers["Set-Cookie"].split(";")[0]
    assert "56 schools" in ask("/", cookie=cookie, accept_language="fr").text


def test_a_page_that_sets_a_cookie_is_not_kept_by_others() -> None:
    assert "public" in ask("/").headers["Cache-Control"]
    assert "no-store" in ask("/", query="lang=en").headers["Cache-Control"]


@pytest.mark.parametrize("path", ["/", "/home", "/nowhere"])
@pytest.mark.parametrize("language", ["fr", "en"])
def test_pages_are_accessible(path: str, language: str) -> None:
    page = Outline(ask(path, query=f"lang={language}&profile=pupil").text)
    assert page.language == language
    assert page.tags.count("h1") == 1
    assert page.tags.count("main") == 1
    assert len(page.ids) == len(set(page.ids))
    assert set(page.labelled) <= set(page.ids)
    assert "script" not in page.tags


@pytest.mark.parametrize("profile", PROFILES)
def test_the_personal_page_shows_the_blocks_of_the_profile(profile: str) -> None:
    page = ask("/home", query=f"profile={profile}")
    blocks = {name.removeprefix("block-") for name in Outline(page.text).ids if name.startswith("block-")}
    assert {"timetable", "messages", "news"} <= blocks
    assert ("marks" in blocks) == (profile in ("pupil", "parent"))
    assert ("absences" in blocks) == (profile in ("teacher", "staff"))


def test_the_profile_is_kept_in_a_cookie() -> None:
    cookie = ask("/home", query="profile=teacher").headers["Set-Cookie"].split(";")[0]
    assert ask("/home", cookie=cookie).status == "200 OK"


def test_nobody_is_believed_outside_development() -> None:
    environ = {key: value for key, value in ENVIRON.items() if key != "PORTAL_DEV_PROFILES"}
    page = ask("/home", query="profile=staff", environ=environ, cookie="profile=staff")
    assert page.status == "403 Forbidden"
    assert "Camille" not in page.text


def test_an_unknown_profile_is_nobody() -> None:
    assert ask("/home", query="profile=admin").status == "403 Forbidden"


def test_hidden_blocks_are_left_out() -> None:
    page = ask("/home", query="profile=pupil", environ={**ENVIRON, "PORTAL_HIDDEN_BLOCKS": "news, marks"})
    assert {"block-news", "block-marks"}.isdisjoint(Outline(page.text).ids)
    assert "block-timetable" in Outline(page.text).ids


def test_health_and_version() -> None:
    assert ask("/healthz").status == "200 OK"
    assert json.loads(ask("/version").text) == {"tenant": "eure", "version": "source"}


def test_other_paths_and_verbs_are_refused() -> None:
    assert ask("/nowhere").status == "404 Not Found"
    refused = ask("/", method="POST")
    assert refused.status == "405 Method Not Allowed"
    assert refused.headers["Allow"] == "GET, HEAD"


def test_a_head_request_has_the_length_and_no_body() -> None:
    head, whole = ask("/", method="HEAD"), ask("/")
    assert head.text == ""
    assert head.headers["Content-Length"] == whole.headers["Content-Length"]


def test_a_broken_cookie_does_no_harm() -> None:
    assert ask("/", cookie='a[]="\\;;=').status == "200 OK"


@pytest.mark.parametrize(
    ("change", "named"),
    [({"PORTAL_TITLE": ""}, "PORTAL_TITLE"), ({"PORTAL_SCHOOLS": "many"}, "PORTAL_SCHOOLS")],
)
def test_a_setting_that_cannot_be_used_is_named(change: dict[str, str], named: str) -> None:
    with pytest.raises(SettingsError, match=named):
        Settings.from_environ({**ENVIRON, **change})


def test_both_languages_have_the_same_texts() -> None:
    assert TEXTS["fr"].keys() == TEXTS["en"].keys()


def test_the_artifact_has_the_same_bytes_whatever_the_times_of_the_files(tmp_path: Path) -> None:
    one = tmp_path / "one" / "portal"
    for file in build.SOURCE.rglob("*.*"):
        copy = one / file.relative_to(build.SOURCE)
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.write_bytes(file.read_bytes())
        os.utime(copy, (1, 1))
    (one / "__pycache__").mkdir(exist_ok=True)
    (one / "left.pyc").write_bytes(b"left by a run")
    assert build.pack(one) == build.pack(build.SOURCE)


def test_the_artifact_changes_with_its_source(tmp_path: Path) -> None:
    source = tmp_path / "portal"
    source.mkdir()
    (source / "wsgi.py").write_text("1")
    before = build.pack(source)
    (source / "wsgi.py").write_text("2")
    assert build.pack(source) != before


def test_the_artifact_holds_the_package_and_its_version(tmp_path: Path) -> None:
    path = build.build(tmp_path / "made" / "portal.tar.gz")
    with tarfile.open(path) as tar:
        names = tar.getnames()
        member = tar.extractfile("portal/VERSION")
        assert member is not None
        version = member.read().decode().strip()
    assert {"portal/wsgi.py", "portal/templates/home.html", "portal/templates/style.css"} <= set(names)
    assert len(version) == 12
    assert not [name for name in names if name.endswith(".pyc")]


def test_an_artifact_that_is_there_already_is_left_alone(tmp_path: Path) -> None:
    path = build.build(tmp_path / "portal.tar.gz")
    os.utime(path, (1, 1))
    build.build(path)
    assert path.stat().st_mtime == 1
