# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The physical servers of the lab, behind sushy-tools' Redfish service."""
