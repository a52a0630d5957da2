# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The implemented API methods: every module of this package registers its own."""

from __future__ import annotations

import importlib
import pkgutil

for _module in pkgutil.iter_modules(__path__):
    importlib.import_module(f"{__name__}.{_module.name}")
