# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""From a request to its answer: who, what, may they, with what, and how it is said."""

from __future__ import annotations

import json
import re
import time
from collections import Counter
from dataclasses import dataclass, field
from email.utils import formatdate
from functools import lru_cache
from typing import Any
from urllib.parse import unquote

from . import body, endpoints
from .auth import OPEN_CALLS, REFUSAL_DELAY_S, AuthError
from .call import Call, Identity, Reply
from .cluster import Cluster
from .errors import ApiError
from .faults import NO_FAULT, Verdict
from .http import Request, Response
from .permcheck import check_call
from .permissions import denied
from .registry import HANDLERS
from .schema import Method, Schema, default_schema, unknown_node
from .tasks import TASK_FAULT
from .verify import Verifier

VERBS = ("GET", "POST", "PUT", "DELETE")
CONNECT_TIMEOUT_S = 3.0
NO_ROUTE = 595

_API = re.compile(r"^/api2/+(?P<format>[a-z][a-z0-9]+)(?P<path>/.*)?$")
_UPLOAD = re.compile(r"^/nodes/[^/]+/storage/(?P<storage>[^/]+)/upload$")
_FORMATS = ("json", "extjs")
_JSON_TYPE = "application/json;charset=UTF-8"
_SERVER = ("Server", "pve-api-daemon/3.0")

# Importing the package is what registers the handlers.
assert endpoints.__path__


@dataclass(slots=True)
class Counters:
    """How many calls of the API there were."""

    by_call: Counter[str] = field(default_factory=Counter)

    def count(self, verb: str, path: str) -> None:
        """Count a call under its path template."""
        self.by_call[f"{verb} {path}"] += 1

    def to_data(self) -> dict[str, Any]:
        """The figures, logins not counted as writes."""
        reads = sum(n for call, n in self.by_call.items() if call.startswith("GET "))
        logins = self.by_call["POST /access/ticket"]
        writes = sum(self.by_call.values()) - reads - logins
        return {
            "reads": reads,
            "writes": writes,
            "logins": logins,
            "by_call": dict(sorted(self.by_call.items())),
        }


@dataclass(slots=True, kw_only=True)
class _Target:
    format: str
    path: str


class Api:
    """The API of one cluster, as one node of it (the first) answers it."""

    def __init__(self, cluster: Cluster, schema: Schema | None = None) -> None:
        self.cluster = cluster
        self.counters = Counters()
        self.schema = schema or default_schema()
        self._verifier = Verifier(self.schema)
        self._auth = cluster.auth

    async def __call__(self, request: Request) -> Response | None:
        """Answer a request; None cuts the connection."""
        if request.verb not in VERBS:
            return _bare(501, f"method '{request.verb}' not available", text="")
        path = unquote(request.path)
        match = _API.match(path)
        if match is None:
            if re.match(r"^/api2(?:/|$)", path):
                return _bare(501, "no such uri")
            return _bare(500, f"no such file '{path}'", text=f"no such file '{path}'\n")
        target = _Target(format=match["format"], path=re.sub("/+", "/", match["path"] or "/"))
        try:
            identity = self._identify(request, target.path)
        except AuthError as error:
            await self.cluster.clock.sleep(REFUSAL_DELAY_S)
            return _bare(401, str(error), text="")
        except ApiError as error:
            return _bare(error.status, error.message)
        return await self._call(request, target, identity)

    def _identify(self, request: Request, path: str) -> Identity | None:
        has_token = "PVEAPIToken" in request.headers.get("authorization", "")
        if (request.verb, path.rstrip("/")) in OPEN_CALLS and not (has_token and request.verb == "POST"):
            return None
        upload = _UPLOAD.match(path) if request.verb == "POST" else None
        identity = self._auth.identify(request.verb, request.headers, csrf=upload is None)
        if upload:
            rule = {"check": ["perm", f"/storage/{upload['storage']}", ["Datastore.AllocateTemplate"]]}
            check_call(self.cluster, rule, identity, {})
        return identity

    async def _call(self, request: Request, target: _Target, identity: Identity | None) -> Response | None:
        verdict = self.cluster.faults.judge(request.verb, target.path)
        if verdict is not NO_FAULT:
            await self.cluster.faults.delay(verdict)
            if verdict.cut and not verdict.cut.after:
                return None
            if verdict.fail and not verdict.fail.after:
                return self._error(target, ApiError(verdict.fail.status, verdict.fail.message + "\n"))
        response = await self._answer(request, target, identity, verdict)
        if verdict.cut:
            return None
        if verdict.fail:
            return self._error(target, ApiError(verdict.fail.status, verdict.fail.message + "\n"))
        return response

    async def _answer(
        self, request: Request, target: _Target, identity: Identity | None, verdict: Verdict
    ) -> Response:
        upload = bool(_UPLOAD.match(target.path)) and request.verb == "POST"
        try:
            params, file = body.parameters(
                request.verb, request.query, request.headers, request.body, upload=upload
            )
        except body.BodyError as error:
            return _bare(error.status, error.text)
        if target.format not in _FORMATS:
            return _bare(501, f"no formatter for uri {target.path}, {target.format}")
        TASK_FAULT.set(verdict.task_failure)
        try:
            return await self._dispatch(request, target, identity, params, file)
        except ApiError as error:
            if error.status == 401:
                await self.cluster.clock.sleep(REFUSAL_DELAY_S)
            return self._error(target, error)

    async def _dispatch(
        self,
        request: Request,
        target: _Target,
        identity: Identity | None,
        params: dict[str, Any],
        file: body.Upload | None,
    ) -> Response:
        match = self.schema.find(request.verb, target.path)
        handler = HANDLERS.get((match.method.verb, match.method.path)) if match else None
        if match is None or handler is None:
            self.counters.count(request.verb, "(unknown)")
            raise ApiError(501, f"Method '{request.verb} {target.path}' not implemented")
        method = match.method
        self.counters.count(method.verb, method.path)
        for key, value in sorted(params.items()):
            if match.params.get(key, value) != value:
                raise ApiError(400, f"Parameter verification failed - duplicate parameter '{key}'")
        params = params | match.params
        if identity is not None and identity.token and not method.allow_token:
            raise denied(f"URI '{target.path}' not available with API token, need proper ticket.\n")
        check_call(self.cluster, method.permissions, identity, params)
        unreachable = await self._place(method, params)
        if unreachable is not None:
            return unreachable
        values = self._verifier.verify(method, params)
        call = Call(
            identity=identity or Identity(user=""),
            params=values,
            cluster=self.cluster,
            verb=method.verb,
            path=target.path,
            upload=file,
        )
        if method.protected:
            async with self.cluster.workers.one(str(params.get("node", self.cluster.local))):
                answer = await handler(call)
        else:
            answer = await handler(call)
        return self._success(target, method, answer, uploaded=file is not None)

    async def _place(self, method: Method, params: dict[str, Any]) -> Response | None:
        """Find the node that carries the call out; an answer when it cannot be reached."""
        name = params.get("node")
        if name is None or not isinstance(name, str):
            return None
        if name == "localhost":
            params["node"] = self.cluster.local
            return None
        if not method.proxied:
            return None
        if name not in self.cluster.nodes:
            raise unknown_node(name)
        if not self.cluster.online(name):
            await self.cluster.clock.sleep(CONNECT_TIMEOUT_S)
            return _bare(NO_ROUTE, "No route to host", text="")
        return None

    def _success(self, target: _Target, method: Method, answer: Any, *, uploaded: bool) -> Response:
        data, attributes = (answer.data, answer.attributes) if isinstance(answer, Reply) else (answer, {})
        content = {"data": data, **{name: value for name, value in attributes.items() if value}}
        if target.format == "extjs":
            content["success"] = 1
        # The privileged daemon's own "close" is passed on beside the front end's "Keep-Alive".
        kept = "close, Keep-Alive" if method.protected else "Keep-Alive"
        connection = "close" if uploaded else kept
        return Response(
            status=200,
            reason="OK",
            headers=(*_common(connection), ("Content-Type", _JSON_TYPE)),
            body=_encode(content),
            close=uploaded,
        )

    def _error(self, target: _Target, error: ApiError) -> Response:
        content: dict[str, Any] = {"data": None, "message": error.message}
        if error.errors:
            content["errors"] = error.errors
        if target.format == "extjs":
            content |= {"success": 0, "status": error.status}
            return Response(
                status=200,
                reason="OK",
                headers=(*_common("Keep-Alive"), ("Content-Type", _JSON_TYPE)),
                body=_encode(content),
            )
        return Response(
            status=error.status,
            reason=error.message.partition("\n")[0],
            headers=(*_common("close"), ("Content-Type", _JSON_TYPE)),
            body=_encode(content),
            close=True,
        )


def _encode(content: Any) -> bytes:
    return json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode()


def _common(connection: str) -> tuple[tuple[str, str], ...]:
    return _common_at(connection, int(time.time()))


@lru_cache(maxsize=8)
def _common_at(connection: str, moment: int) -> tuple[tuple[str, str], ...]:
    now = formatdate(moment, usegmt=True)
    return (
        ("Cache-Control", "max-age=0"),
        ("Connection", connection),
        ("Date", now),
        ("Pragma", "no-cache"),
        _SERVER,
        ("Expires", now),
    )


def _bare(status: int, reason: str, *, text: str | None = None) -> Response:
    """An answer from below the API: the text is the body too, unless another is given."""
    return Response(
        status=status,
        reason=reason.partition("\n")[0],
        headers=_common("close"),
        body=(reason if text is None else text).encode(),
        close=True,
    )
