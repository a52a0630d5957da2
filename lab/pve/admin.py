# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The administrative port: counters, faults, the nodes' state, images. Not a part of the emulated API."""

from __future__ import annotations

import json
import re
from typing import Any

from lab.images import cloud

from .app import Api
from .faults import FaultRuleError, Rule
from .http import Request, Response

_IMAGE = re.compile(r"^/images/(?P<name>[^/]+)$")
_NODE = re.compile(r"^/nodes/(?P<name>[^/]+)/(?P<state>online|offline|maintenance)$")


class Admin:
    """Answers the administrative port with JSON."""

    def __init__(self, api: Api) -> None:
        self._api = api

    async def __call__(self, request: Request) -> Response:
        """Answer a request."""
        if request.verb == "GET" and (file := _IMAGE.match(request.path)):
            return _image(file["name"])
        try:
            status, data = self._answer(request)
        except (FaultRuleError, json.JSONDecodeError) as error:
            status, data = 400, {"message": str(error)}
        body = json.dumps(data).encode()
        return Response(status=status, headers=(("Content-Type", "application/json"),), body=body)

    def _answer(self, request: Request) -> tuple[int, Any]:
        call = f"{request.verb} {request.path}"
        if call == "GET /health":
            return 200, {"nodes": len(self._api.cluster.nodes), "guests": len(self._api.cluster.guests)}
        if call == "GET /counters":
            return 200, self._api.counters.to_data()
        if call == "POST /counters/reset":
            self._api.counters.by_call.clear()
            return 200, self._api.counters.to_data()
        if request.path == "/faults":
            return self._faults(request)
        node = _NODE.match(request.path)
        if node and request.verb == "POST":
            return self._switch(node["name"], node["state"])
        return 404, {"message": f"The administrative port knows no {call}."}

    def _faults(self, request: Request) -> tuple[int, Any]:
        faults = self._api.cluster.faults
        if request.verb == "POST":
            faults.add(Rule.from_data(json.loads(request.body or b"{}")))
        elif request.verb == "DELETE":
            faults.clear()
        elif request.verb != "GET":
            return 405, {"message": "Faults take GET, POST and DELETE."}
        return 200, [rule.to_data() for rule in faults.rules]

    def _switch(self, name: str, state: str) -> tuple[int, Any]:
        cluster = self._api.cluster
        if name not in cluster.nodes:
            known = ", ".join(cluster.nodes)
            return 404, {"message": f"There is no node {name}; there are {known}."}
        change = {"online": state != "offline", "maintenance": state == "maintenance"}
        cluster.nodes[name] = cluster.nodes[name] | change
        return 200, {"node": name, **change}


def _image(name: str) -> Response:
    """A file that stands for a cloud image, for the nodes to fetch."""
    body = cloud.content(name)
    if body is None:
        text = f"There is no image {name}; there is debian-13-genericcloud-amd64.qcow2, say.\n".encode()
        return Response(status=404, headers=(("Content-Type", "text/plain"),), body=text)
    return Response(status=200, headers=(("Content-Type", "application/octet-stream"),), body=body)
