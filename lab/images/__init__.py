# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The machine images: what they hold and how they are built."""
