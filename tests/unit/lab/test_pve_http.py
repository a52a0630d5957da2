# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The HTTP server on a real socket, and the answers' form."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from lab.pve.http import Request, Response, serve

from .world import World, play


async def exchange(port: int, data: bytes) -> bytes:
    """Send bytes and read until the server closes, which HTTP/1.0 makes it do."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(data)
    answer = await reader.read()
    writer.close()
    await writer.wait_closed()
    return answer


def on_socket(application: Callable[[Request], Awaitable[Response | None]], data: bytes) -> bytes:
    """What an application's server answers to these bytes."""

    async def run() -> bytes:
        server = await serve(application, host="127.0.0.1", port=0)
        try:
            return await exchange(server.port, data)
        finally:
            await server.close()

    return asyncio.run(run())


async def echo(request: Request) -> Response | None:
    """Repeat the request; cut the connection when asked to."""
    if request.path == "/cut":
        return None
    text = f"{request.verb} {request.path}?{request.query} {request.headers.get('x-a')} ".encode()
    return Response(
        status=200, reason="as you wish: “été”", body=text + request.body, close=request.path == "/close"
    )


def test_any_reason_phrase() -> None:
    answer = on_socket(echo, b"GET /a?b=c HTTP/1.0\r\nX-A: 1\r\n\r\n")
    assert answer.startswith("HTTP/1.1 200 as you wish: “été”\r\n".encode())
    assert answer.endswith(b"\r\n\r\nGET /a?b=c 1 ")


def test_requests_on_one_connection_are_answered_in_their_order() -> None:
    one = b"POST /1 HTTP/1.1\r\nContent-Length: 2\r\n\r\nhi"
    two = b"GET /close HTTP/1.1\r\n\r\n"
    answer = on_socket(echo, one + two)
    assert answer.index(b"POST /1? None hi") < answer.index(b"GET /close? None ")


def test_a_cut_connection_has_no_answer() -> None:
    assert on_socket(echo, b"GET /cut HTTP/1.1\r\n\r\n") == b""


def test_what_is_not_http_is_refused() -> None:
    assert on_socket(echo, b"HELLO\r\n\r\n").startswith(b"HTTP/1.1 400 ")


async def raw(world: World, verb: str, path: str, **headers: str) -> Response:
    """The API's answer to a request without credentials unless given."""
    request = Request(verb=verb, path=path, query="", headers=headers, body=b"")
    response = await world.api(request)
    assert response is not None
    return response


def test_answers_from_below_the_api() -> None:
    async def scenario(world: World) -> None:
        seen = {
            (verb, path): (response.status, response.reason, response.body)
            for verb, path in (
                ("HEAD", "/api2/json/version"),
                ("GET", "/api2/json/version"),
                ("GET", "/foo"),
                ("GET", "/api2"),
            )
            if (response := await raw(world, verb, path))
        }
        assert seen == {
            ("HEAD", "/api2/json/version"): (501, "method 'HEAD' not available", b""),
            ("GET", "/api2/json/version"): (401, "No ticket", b""),
            ("GET", "/foo"): (500, "no such file '/foo'", b"no such file '/foo'\n"),
            ("GET", "/api2"): (501, "no such uri", b"no such uri"),
        }

    play(scenario)


def test_errors_say_it_in_reason_and_body() -> None:
    async def scenario(world: World) -> None:
        answer = await world.call("GET", "/nodes/pve1/qemu/777/config")
        text = "Configuration file 'nodes/pve1/qemu-server/777.conf' does not exist"
        assert (answer.status, answer.reason) == (500, text)
        assert answer.body == {"data": None, "message": f"{text}\n"}

    play(scenario)


def test_connection_headers_tell_who_answered() -> None:
    async def scenario(world: World) -> None:
        cookie = f"PVEAuthCookie={world.cluster.auth.ticket('root@pam')}"
        headers = {
            path: dict((await raw(world, "GET", f"/api2/json{path}", cookie=cookie)).headers)["Connection"]
            for path in ("/version", "/cluster/status", "/nope")
        }
        assert headers == {
            "/version": "Keep-Alive",
            "/cluster/status": "close, Keep-Alive",
            "/nope": "close",
        }

    play(scenario)


def test_tokens_cannot_log_in() -> None:
    async def scenario(world: World) -> None:
        made = await world.call("POST", "/access/users/root@pam/token/ci", privsep=0)
        token = f"PVEAPIToken=root@pam!ci={made.data['value']}"
        response = await raw(world, "POST", "/api2/json/access/ticket", authorization=token)
        assert response.status == 403
        assert response.reason.startswith(
            "Permission check failed (URI '/access/ticket' not available with API token"
        )

    play(scenario)


def test_the_other_format_answers_200_always() -> None:
    async def scenario(world: World) -> None:
        cookie = f"PVEAuthCookie={world.cluster.auth.ticket('root@pam')}"
        response = await raw(world, "GET", "/api2/extjs/nodes/pve1/qemu/777/config", cookie=cookie)
        assert response.status == 200
        assert b'"success":0,"status":500' in response.body

    play(scenario)


def test_unknown_nodes() -> None:
    async def scenario(world: World) -> None:
        unknown = await world.call("GET", "/nodes/nonode/status")
        assert unknown.reason.startswith("hostname lookup 'nonode' failed - ")
        assert (await world.call("GET", "/nodes/localhost/version")).status == 200

    play(scenario)
