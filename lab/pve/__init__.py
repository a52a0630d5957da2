# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""An emulator of the Proxmox VE API, written from its schema and from recordings."""
