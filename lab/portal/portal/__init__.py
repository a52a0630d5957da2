# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The stand-in portal: a WSGI application, a worker and an importer that need Debian's packages alone."""
