# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The first tables. Later migrations may only add: machines of the release before serve meanwhile."""

from __future__ import annotations

from typing import ClassVar

from django.db import migrations, models


class Migration(migrations.Migration):
    """Accounts and throttle."""

    initial = True
    dependencies: ClassVar[list[tuple[str, str]]] = []
    operations: ClassVar[list[object]] = [
        migrations.CreateModel(
            name="Account",
            fields=[
                ("id", models.BigAutoField(primary_key=True, auto_created=True, serialize=False)),
                ("username", models.CharField(max_length=150, unique=True)),
                ("password", models.CharField(max_length=256)),
                ("profile", models.CharField(max_length=16)),
                ("name", models.CharField(max_length=200)),
                ("mail", models.CharField(max_length=254, blank=True, default="")),
                ("school", models.CharField(max_length=200, blank=True, default="")),
                ("active", models.BooleanField(default=True)),
            ],
        ),
        migrations.CreateModel(
            name="Throttle",
            fields=[
                ("key", models.CharField(max_length=180, primary_key=True, serialize=False)),
                ("started", models.DateTimeField()),
                ("attempts", models.IntegerField()),
            ],
            options={"indexes": []},
        ),
        migrations.RunSQL("ALTER TABLE renfort_cas_throttle SET UNLOGGED", migrations.RunSQL.noop),
    ]
