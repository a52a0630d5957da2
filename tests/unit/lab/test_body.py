# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""From bytes to parameters."""

from __future__ import annotations

import pytest

from lab.pve.body import MAX_POST, BodyError, parameters, urlencoded

FORM = {"content-type": "application/x-www-form-urlencoded; charset=UTF-8"}
JSON = {"content-type": "application/json; charset=utf-8"}


def test_form() -> None:
    assert urlencoded("a=1&b=x+y%20z&c=&a=2;d=e=f") == {"a": ["1", "2"], "b": "x y z", "c": "", "d": "e"}


def test_form_is_utf8() -> None:
    params, _ = parameters("POST", "", FORM, b"name=%C3%A9t%C3%A9", upload=False)
    assert params == {"name": "été"}


def test_json_values_become_what_a_form_would_carry() -> None:
    body = b'{"on": true, "off": false, "n": 3, "f": 1.50, "none": null, "l": ["a", 1]}'
    params, _ = parameters("PUT", "", JSON, body, upload=False)
    assert params == {"on": "1", "off": "0", "n": "3", "f": "1.50", "none": "", "l": ["a", "1"]}


def test_the_query_overrides_the_body() -> None:
    params, _ = parameters("POST", "a=2&_dc=17", FORM, b"a=1&b=1", upload=False)
    assert params == {"a": "2", "b": "1"}


def test_a_body_without_type_is_a_form() -> None:
    params, _ = parameters("POST", "", {}, b"a=1", upload=False)
    assert params == {"a": "1"}


@pytest.mark.parametrize(
    ("verb", "headers", "body", "status", "text"),
    [
        ("DELETE", JSON, b"{}", 501, "Unexpected content for method 'DELETE'"),
        ("GET", FORM, b"a=1", 501, "Unexpected content for method 'GET'"),
        (
            "POST",
            {"content-type": "text/plain"},
            b"x",
            506,
            "upload 'Content-Type 'text/plain' not implemented",
        ),
        (
            "POST",
            {"content-type": "Application/JSON"},
            b"{}",
            506,
            "upload 'Content-Type 'Application/JSON' not implemented",
        ),
        ("POST", FORM, b"a=" + b"x" * MAX_POST, 501, "for data too large"),
    ],
)
def test_refused_bodies(verb: str, headers: dict[str, str], body: bytes, status: int, text: str) -> None:
    with pytest.raises(BodyError) as caught:
        parameters(verb, "", headers, body, upload=False)
    assert (caught.value.status, caught.value.text) == (status, text)


def test_malformed_json_is_500() -> None:
    with pytest.raises(BodyError) as caught:
        parameters("POST", "", JSON, b'{"vmid":903,', upload=False)
    assert caught.value.status == 500
    assert caught.value.text.startswith('\'"\' expected, at character offset 12 (before "(end of string)")')


def test_json_that_is_no_object_is_500() -> None:
    with pytest.raises(BodyError, match="Not a HASH reference"):
        parameters("POST", "", JSON, b'["zz"]', upload=False)


def test_upload() -> None:
    body = (
        b'--B\r\nContent-Disposition: form-data; name="content"\r\n\r\niso\r\n'
        b'--B\r\nContent-Disposition: form-data; name="filename"; filename="a.iso"\r\n'
        b"Content-Type: application/octet-stream\r\n\r\nAB\r\nCD\r\n--B--\r\n"
    )
    params, file = parameters(
        "POST", "", {"content-type": "multipart/form-data; boundary=B"}, body, upload=True
    )
    assert params == {"content": "iso", "filename": "a.iso"}
    assert file is not None
    assert (file.filename, file.content) == ("a.iso", b"AB\r\nCD")
