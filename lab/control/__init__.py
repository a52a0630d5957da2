# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Raising and removing the lab: what `scripts/lab.py` does."""
