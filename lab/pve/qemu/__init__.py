# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Virtual machines: configuration, disks, power, clones, snapshots, agent."""
