# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The addresses of the CAS protocol under /cas/, without federation, SAML 1.1 and remote password checks."""

from __future__ import annotations

from cas_server.views import Proxy
from django.urls import include, path
from django.views.decorators.cache import never_cache
from django.views.generic import RedirectView

from . import views

protocol = [
    path("", RedirectView.as_view(pattern_name="cas_server:login", query_string=True)),
    path("login", never_cache(views.LoginView.as_view()), name="login"),
    path("logout", never_cache(views.LogoutView.as_view()), name="logout"),
    path("validate", never_cache(views.Validate.as_view()), name="validate"),
    path("serviceValidate", never_cache(views.ServiceValidate.as_view()), name="serviceValidate"),
    path("proxyValidate", never_cache(views.ProxyValidate.as_view()), name="proxyValidate"),
    path("proxy", never_cache(Proxy.as_view()), name="proxy"),
    path("p3/serviceValidate", never_cache(views.ServiceValidate.as_view()), name="p3_serviceValidate"),
    path("p3/proxyValidate", never_cache(views.ProxyValidate.as_view()), name="p3_proxyValidate"),
]

# The names with which django-cas-server looks its own addresses up.
urlpatterns = [path("cas/", include((protocol, "cas_server")))]

handler400 = "renfort_cas.pages.bad_request"
handler404 = "renfort_cas.pages.not_found"
handler500 = "renfort_cas.pages.broken"
