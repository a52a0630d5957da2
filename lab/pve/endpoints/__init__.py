# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The implemented methods; importing this package registers them all."""

from __future__ import annotations

import importlib
import pkgutil

for _module in pkgutil.iter_modules(__path__):
    importlib.import_module(f"{__name__}.{_module.name}")
