# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The client of NetBox: what the stock is made from, in a number of calls that no device adds to."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import pynetbox
import requests
from requests.adapters import HTTPAdapter
from urllib3.util.retry import Retry

from .core.errors import RenfortError
from .netbox_errors import (
    IncompleteStockError,
    NetboxError,
    NetboxTlsError,
    NetboxUnreachableError,
    NotNetboxError,
    from_answer,
    not_netbox,
)
from .netbox_mapping import Documents, Rows, documents_from
from .netbox_networks import NetworkRows
from .netbox_options import NetboxSettings, Selection
from .netbox_values import Row
from .network_reason import root_reason

_api: Callable[..., Any] = pynetbox.api

BUSY = (429, 502, 503, 504)
"""Answers of a server, or of the proxy before it, that is busy: such a call is repeated."""

TRIES_AGAIN = 2
"""How often a call to a busy server is repeated."""

CHUNK = 100
"""How many values one call names at most, so that its address stays short enough for every proxy."""

_DEVICE = (
    "id,display,name,asset_tag,serial,site,location,rack,device_type,oob_ip,primary_ip4,tags,custom_fields"
)
_INTERFACE = "id,name,device,enabled,mgmt_only"
_PREFIX = "id,display,prefix,vrf,vlan,custom_fields"
_RANGE = "id,display,start_address,end_address,vrf,status,tags,mark_populated"


def read_documents(settings: NetboxSettings, selection: Selection, *, strict: bool = False) -> Documents:
    """Return the stock and the networks that a NetBox holds.

    Args:
        settings: how to reach it.
        selection: which devices and prefixes count.
        strict: refuse to leave anything out.

    Raises:
        NetboxError: NetBox cannot be read, lacks a custom field, or something must be left out and may not.
    """
    rows = Client(settings).read(selection)
    documents = documents_from(rows, network_tag=selection.network_tag, ignore_tag=selection.ignore_tag)
    if strict and documents.notes:
        raise IncompleteStockError(
            f"The stock of {settings.url} is not complete, which strict refuses: {' '.join(documents.notes)}",
            hint="Complete these objects in NetBox, or give them the tag of ignore_tag.",
        )
    return documents


class Client:
    """NetBox, read only.

    Attributes:
        calls: how many calls were sent.
    """

    def __init__(self, settings: NetboxSettings) -> None:
        self.settings = settings
        self._session = _Session(settings)
        # Pages by id: a device that somebody adds or removes meanwhile moves no other to a page that
        # was read already. NetBox before 4.6 has pages by position only, and is asked for those.
        self._netbox = _api(settings.url, token=settings.token, pagination="cursor")
        self._netbox.http_session = self._session

    @property
    def calls(self) -> int:
        """How many calls were sent."""
        return self._session.calls

    def read(self, selection: Selection) -> Rows:
        """Return everything that the stock is made from.

        Raises:
            NetboxError: NetBox cannot be reached, refuses the token, or is none.
        """
        self._check()
        hypervisors = self._devices(
            "the hypervisors in service",
            {"role": "hypervisor_roles", "status": "hypervisor_statuses"},
            selection,
        )
        servers = self._devices(
            "the servers on the shelf", {"role": "server_roles", "status": "server_statuses"}, selection
        )
        deliveries = self._devices(
            "the servers announced", {"role": "server_roles", "status": "delivery_statuses"}, selection
        )
        types = {row["device_type"]["id"] for row in (*hypervisors, *servers, *deliveries)}
        return Rows(
            hypervisors=hypervisors,
            servers=servers,
            deliveries=deliveries,
            device_types=self._in_chunks(
                "dcim.device_types", "the device types", "id", types, fields="id,custom_fields"
            ),
            bridges=self._interfaces("the bridges", selection, ("hypervisor_statuses",), type="bridge"),
            nics=self._interfaces(
                "the network ports",
                selection,
                ("server_statuses", "delivery_statuses"),
                kind="physical",
                mgmt_only="false",
            ),
            networks=self._networks(selection) if selection.network_tag else NetworkRows(),
        )

    def _check(self) -> None:
        """Ask for NetBox's version: what answers otherwise is something else."""
        doing = f"ask {self.settings.url} for its version"
        status = self._ask(self._netbox.status, doing, {})
        if not isinstance(status, Mapping) or "netbox-version" not in status:
            raise not_netbox(doing)

    def _devices(self, what: str, options: Mapping[str, str], selection: Selection) -> tuple[Row, ...]:
        values = {parameter: getattr(selection, option) for parameter, option in options.items()}
        return self._list(
            "dcim.devices", what, {**options, "site": "sites"}, site=selection.sites, fields=_DEVICE, **values
        )

    def _interfaces(
        self, what: str, selection: Selection, options: Sequence[str], **filters: object
    ) -> tuple[Row, ...]:
        statuses = [status for option in options for status in getattr(selection, option)]
        return self._list(
            "dcim.interfaces",
            what,
            {"device_status": " or ".join(options), "site": "sites"},
            device_status=statuses,
            site=selection.sites,
            fields=_INTERFACE,
            **filters,
        )

    def _networks(self, selection: Selection) -> NetworkRows:
        prefixes = self._list(
            "ipam.prefixes",
            "the networks of the guests",
            {"tag": "network_tag"},
            tag=selection.network_tag,
            status="active",
            fields=_PREFIX,
        )
        parents = {str(row["prefix"]) for row in prefixes if ":" not in str(row["prefix"])}
        if not parents:
            return NetworkRows(prefixes=prefixes)
        shortest = min(int(parent.partition("/")[2]) for parent in parents)
        return NetworkRows(
            prefixes=prefixes,
            # There is no filter for "inside one of these", as there is for ranges and addresses.
            others=self._list(
                "ipam.prefixes",
                "the prefixes inside them",
                {},
                family=4,
                mask_length__gte=shortest,
                status=("active", "container", "reserved"),
                fields="id,prefix,vrf",
            ),
            ranges=self._in_chunks("ipam.ip_ranges", "the IP ranges", "parent", parents, fields=_RANGE),
            addresses=self._in_chunks(
                "ipam.ip_addresses", "the IP addresses", "parent", parents, fields="id,address,vrf"
            ),
        )

    def _in_chunks(
        self, endpoint: str, what: str, parameter: str, values: Iterable[Any], **filters: object
    ) -> tuple[Row, ...]:
        """List what belongs to one of many values, which one call could not name."""
        ordered = sorted(values)
        found: dict[int, Row] = {}
        for start in range(0, len(ordered), CHUNK):
            some = {parameter: ordered[start : start + CHUNK]}
            for row in self._list(endpoint, what, {}, **some, **filters):
                found[int(row["id"])] = row
        return tuple(found.values())

    def _list(
        self, endpoint: str, what: str, options: Mapping[str, str], /, **filters: object
    ) -> tuple[Row, ...]:
        """List the objects of an endpoint; a filter without a value is none.

        ``options`` says which option of the module each filter was made from.
        """
        app, name = endpoint.split(".")
        given = {
            key: list(value) if isinstance(value, tuple) else value
            for key, value in filters.items()
            if value != ()
        }

        def rows() -> tuple[Row, ...]:
            found = getattr(getattr(self._netbox, app), name).filter(**given)
            # As plain data: a record would fetch its object, one by one, for an attribute it lacks.
            return tuple(dict(record) for record in found)

        return self._ask(rows, f"list {what} in {self.settings.url}", options)

    def _ask[Answer](self, call: Callable[[], Answer], doing: str, options: Mapping[str, str]) -> Answer:
        timeout = self.settings.timeout_s
        try:
            return call()
        except pynetbox.RequestError as error:
            raise from_answer(
                doing=doing, status=error.req.status_code, body=error.error, options=options
            ) from error
        except (pynetbox.ContentError, requests.exceptions.JSONDecodeError) as error:
            raise not_netbox(doing) from error
        except requests.exceptions.SSLError as error:
            raise _tls_error(error, doing) from error
        except requests.exceptions.Timeout as error:
            raise NetboxUnreachableError(
                f"Could not {doing}: no answer in {timeout:.0f} s.",
                hint="Check url and the firewalls on the way; raise timeout if NetBox is merely slow.",
            ) from error
        except requests.exceptions.ConnectionError as error:
            raise NetboxUnreachableError(
                f"Could not {doing}: it cannot be reached: {root_reason(error)}.",
                hint="Check url, and that NetBox runs.",
            ) from error
        except requests.exceptions.RequestException as error:
            raise NetboxError(f"Could not {doing}: {root_reason(error)}.") from error
        except RenfortError:
            raise
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            # What pynetbox makes of JSON that has another form than NetBox's.
            raise NotNetboxError(
                f"Could not {doing}: its answer has another form than NetBox's ({error!r}).",
                hint="The release of NetBox is too old or too new for the pynetbox that is installed.",
            ) from error


def _tls_error(error: Exception, doing: str) -> NetboxTlsError:
    reason = root_reason(error)
    hint = "Set ca_file (or RENFORT_NETBOX_CA_FILE) to the authority that signed it."
    if "mismatch" in reason or "not valid for" in reason:
        hint = "Set url to a name or address that the certificate is made for."
    return NetboxTlsError(f"Could not {doing}: its certificate does not verify: {reason}.", hint=hint)


class _Session(requests.Session):
    """A session that keeps to one server, and to our timeout, authority and token."""

    def __init__(self, settings: NetboxSettings) -> None:
        super().__init__()
        self.calls = 0
        self._home = urlsplit(settings.url)
        # Without a handler of its own, requests lets ~/.netrc replace the token.
        self.auth = lambda request: request
        adapter = _Adapter(settings)
        self.mount("https://", adapter)
        self.mount("http://", adapter)

    def request(self, method: str | bytes, url: str | bytes, *args: Any, **kwargs: Any) -> requests.Response:
        """Send a call to the server that the settings name.

        NetBox names the address of the next page as its proxy tells it to, which may be wrong (http
        instead of https, an inner host name): the token goes nowhere but to the server it is for.
        """
        self.calls += 1
        parts = urlsplit(url if isinstance(url, str) else url.decode())
        here = urlunsplit(parts._replace(scheme=self._home.scheme, netloc=self._home.netloc))
        return super().request(method, here, *args, **kwargs)


class _Adapter(HTTPAdapter):
    """Sends every call with the timeout and the authority of the settings.

    They go with the call: set on the session only, an environment variable such as
    REQUESTS_CA_BUNDLE would silently take the place of the authority.
    """

    def __init__(self, settings: NetboxSettings) -> None:
        self._timeout_s = settings.timeout_s
        self._verify: bool | str = (settings.ca_file or True) if settings.validate_certs else False
        retry = Retry(
            total=TRIES_AGAIN,
            connect=0,
            read=False,
            other=0,
            status_forcelist=BUSY,
            backoff_factor=0.5,
            allowed_methods=["GET"],
            respect_retry_after_header=False,
            raise_on_status=False,
        )
        super().__init__(max_retries=retry)

    def send(self, request: Any, *args: Any, **kwargs: Any) -> requests.Response:
        """Send one call."""
        kwargs |= {"timeout": self._timeout_s, "verify": self._verify}
        return super().send(request, *args, **kwargs)
