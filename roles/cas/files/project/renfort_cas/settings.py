# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Django's settings, out of the file that the role writes."""

from __future__ import annotations

import os
from pathlib import Path

from . import config

CONFIG = config.read()
HERE = Path(__file__).resolve().parent

DEBUG = False
SECRET_KEY = CONFIG.secret_key
SECRET_KEY_FALLBACKS = CONFIG.secret_key_fallbacks
ALLOWED_HOSTS = CONFIG.hosts
ROOT_URLCONF = "renfort_cas.urls"
WSGI_APPLICATION = "renfort_cas.wsgi.application"
APPEND_SLASH = False

INSTALLED_APPS = ["django.contrib.sessions", "django.contrib.messages", "cas_server", "renfort_cas"]
MIDDLEWARE = [
    # Before the host is looked at: load balancers and monitoring ask by address.
    "renfort_cas.probes.Probes",
    "django.middleware.security.SecurityMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.messages.context_processors.messages",
                "renfort_cas.texts.context",
            ]
        },
    }
]

_TLS = {name: CONFIG.database[name] for name in ("sslmode", "sslrootcert") if CONFIG.database.get(name)}
_DATABASE = {
    "ENGINE": "django.db.backends.postgresql",
    "HOST": CONFIG.database["host"],
    "PORT": CONFIG.database["port"],
    "NAME": CONFIG.database["name"],
    "USER": CONFIG.database["user"],
    "PASSWORD": CONFIG.database["password"],
    # A pooler hands each transaction to another connection: nothing may rest on the session.
    "DISABLE_SERVER_SIDE_CURSORS": True,
    "CONN_MAX_AGE": 60,
    "CONN_HEALTH_CHECKS": True,
    "OPTIONS": {
        **_TLS,
        "prepare_threshold": None,
        "application_name": "cas",
        "connect_timeout": 3,
        # A database machine that is gone says nothing: these notice within some ten seconds.
        "keepalives_idle": 5,
        "keepalives_interval": 2,
        "keepalives_count": 3,
        "tcp_user_timeout": 10000,
    },
}
DATABASES = {
    "default": _DATABASE,
    # Holds a lock in a transaction of its own while the work is done on the other one.
    "lock": {**_DATABASE, "CONN_MAX_AGE": 0},
}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

LANGUAGE_CODE = CONFIG.language
LANGUAGES = [("fr", "Français"), ("en", "English")]
USE_TZ = True
TIME_ZONE = "UTC"

SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
SESSION_ENGINE = "django.contrib.sessions.backends.db"
SESSION_COOKIE_NAME = "cas_session"
SESSION_COOKIE_PATH = "/cas/"
SESSION_COOKIE_AGE = CONFIG.session_seconds
SESSION_COOKIE_SECURE = CONFIG.secure_cookies
SESSION_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_NAME = "cas_csrf"
CSRF_COOKIE_PATH = "/cas/"
CSRF_COOKIE_SECURE = CONFIG.secure_cookies
CSRF_COOKIE_HTTPONLY = True
CSRF_FAILURE_VIEW = "renfort_cas.pages.stale_form"
MESSAGE_STORAGE = "django.contrib.messages.storage.session.SessionStorage"
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
DATA_UPLOAD_MAX_MEMORY_SIZE = 65536

STATIC_URL = "/cas/static/"
PASSWORD_HASHERS = [
    "renfort_cas.hashers.Argon2",
    # Hashes that come with imported accounts; each becomes Argon2 at its owner's next login.
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
    "django.contrib.auth.hashers.PBKDF2SHA1PasswordHasher",
    "django.contrib.auth.hashers.ScryptPasswordHasher",
]

CAS_AUTH_CLASS = "renfort_cas.auth.AccountUser"
CAS_USER_CREDENTIAL_FORM = "renfort_cas.forms.Credentials"
CAS_LOGIN_TEMPLATE = "renfort_cas/login.html"
CAS_WARN_TEMPLATE = "renfort_cas/warn.html"
CAS_LOGGED_TEMPLATE = "renfort_cas/logged.html"
CAS_LOGOUT_TEMPLATE = "renfort_cas/logout.html"
CAS_TICKET_VALIDITY = CONFIG.ticket_seconds
CAS_TICKET_TIMEOUT = CONFIG.session_seconds
CAS_TGT_VALIDITY = CONFIG.session_seconds
CAS_PROXY_CA_CERTIFICATE_PATH = CONFIG.ca_file
CAS_SHOW_SERVICE_MESSAGES = False
# Both would ask PyPI, which machines do not reach.
CAS_NEW_VERSION_HTML_WARNING = False
CAS_NEW_VERSION_EMAIL_WARNING = False
# Requests for single logout know of no other way to be told.
os.environ["REQUESTS_CA_BUNDLE"] = CONFIG.ca_file

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    # journald adds the time.
    "formatters": {"plain": {"format": "%(levelname)s %(name)s: %(message)s"}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "plain"}},
    "root": {"handlers": ["stderr"], "level": "INFO"},
    # It writes tickets into its lines, and a line a step; what must be known is logged by renfort_cas.
    "loggers": {"cas_server": {"level": "ERROR"}, "requests_futures": {"level": "WARNING"}},
}
