# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What gunicorn serves."""

from __future__ import annotations

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "renfort_cas.settings")
application = get_wsgi_application()
