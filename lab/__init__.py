# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The datacentre in a box: a Proxmox VE API emulator whose guests are real Debian machines."""
