# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The stand-in portal: a WSGI application with Jinja2 as its only dependency."""
