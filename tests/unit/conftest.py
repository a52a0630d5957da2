# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import os

# What tests run is no entry of the journal of whoever runs them; tests of the journal name one of their own.
os.environ["RENFORT_JOURNAL"] = ""
