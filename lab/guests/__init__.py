# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What runs behind an emulated guest: nothing (memory) or a container (podman)."""
