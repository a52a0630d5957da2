# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the command line does: drive playbooks through ansible-runner and tell how they go."""
