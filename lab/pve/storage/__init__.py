# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Storages and the volumes on them."""
