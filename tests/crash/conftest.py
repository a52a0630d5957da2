# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The certificate of the emulators."""

from __future__ import annotations

from tests.unit.clients.conftest import certificate

__all__ = ["certificate"]
