# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The environment is refused with the name of what is wrong in it, and without its secrets."""

from __future__ import annotations

import pytest

from lab.portal.portal.settings import Settings, SettingsError

from .world import ENVIRON


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"PORTAL_DEV_PROFILES": "1"}, "PORTAL_DEV_PROFILES and PORTAL_CAS_URL"),
        ({"PORTAL_DEV_PROFILES": "yes"}, "PORTAL_DEV_PROFILES"),
        ({"PORTAL_URL": ""}, "PORTAL_URL"),
        ({"PORTAL_URL": "eure.ent.example"}, "PORTAL_URL"),
        ({"PORTAL_URL": "https://eure.ent.example/?a"}, "PORTAL_URL"),
        ({"PORTAL_CAS_URL": "", "PORTAL_CAS_VALIDATE_URL": "http://10.0.0.1/cas"}, "PORTAL_CAS_VALIDATE_URL"),
        ({"PORTAL_CA_FILE": "/nowhere/ca.crt"}, "PORTAL_CA_FILE"),
        ({"PORTAL_DATABASE_URL": ""}, "PORTAL_DATABASE_URL"),
        ({"PORTAL_DATABASE_URL": "mysql://eure:s3cret@db/x"}, "PORTAL_DATABASE_URL"),
        ({"PORTAL_MESSAGING_URL": ""}, "PORTAL_MESSAGING_URL"),
        ({"PORTAL_SMTP": "mail.example"}, "PORTAL_SMTP"),
        ({"PORTAL_MAIL_DOMAIN": ""}, "PORTAL_MAIL_DOMAIN"),
        ({"PORTAL_SESSION_IDLE": "1"}, "PORTAL_SESSION_IDLE"),
        ({"PORTAL_SESSION_IDLE": "²"}, "PORTAL_SESSION_IDLE"),
    ],
)
def test_what_cannot_be_used_is_named(change: dict[str, str], named: str) -> None:
    with pytest.raises(SettingsError, match=named) as refused:
        Settings.from_environ({**ENVIRON, **change})
    assert "s3cret" not in str(refused.value)


def test_what_is_left_out_is_absent() -> None:
    settings = Settings.from_environ({"PORTAL_TENANT": "eure", "PORTAL_TITLE": "Eure"})
    assert (settings.cas, settings.mail, settings.database_url) == (None, None, "")
    assert str(settings.switches) == "/etc/renfort/portal-switches.json"
    assert not settings.secure


def test_cas_is_validated_with_at_its_public_address_unless_there_is_another() -> None:
    plain = Settings.from_environ(ENVIRON).cas
    inner = Settings.from_environ({**ENVIRON, "PORTAL_CAS_VALIDATE_URL": "http://10.0.0.1/cas/"}).cas
    assert plain
    assert inner
    assert plain.validate_url == "https://eure.ent.example/cas"
    assert inner.validate_url == "http://10.0.0.1/cas"
