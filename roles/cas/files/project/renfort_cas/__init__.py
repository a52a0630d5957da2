# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A CAS for the portals of schools: django-cas-server with accounts, a throttle and figures."""
