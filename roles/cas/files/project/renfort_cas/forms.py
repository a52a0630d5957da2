# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The login form, with lengths that bound what a request may cost."""

from __future__ import annotations

from cas_server.forms import UserCredential
from django import forms

from . import texts


class Credentials(UserCredential):  # type: ignore[misc]  # published without type information
    """Name and password."""

    username = forms.CharField(
        max_length=150, widget=forms.TextInput(attrs={"autocomplete": "username", "autofocus": True})
    )
    password = forms.CharField(
        max_length=256, widget=forms.PasswordInput(attrs={"autocomplete": "current-password"})
    )
    warn = None

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)
        self.fields["username"].label = texts.of("username")
        self.fields["password"].label = texts.of("password")
