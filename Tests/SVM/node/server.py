"""HTTP and WebSocket in front of the methods and the subscriptions."""

from __future__ import annotations

import asyncio
import contextlib
import json
from typing import Any

from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosed

from .errors import INVALID_REQUEST, PARSE_ERROR, RPCError
from .methods import Methods
from .pubsub import Hub

LARGEST_BODY = 50 * 1024
LARGEST_HEAD = 16 * 1024
NO_METHOD = RPCError(INVALID_REQUEST, "Invalid request")


def answer(id: Any, result: Any = None, error: RPCError | None = None) -> dict[str, Any]:
    body: dict[str, Any] = {"jsonrpc": "2.0", "id": id}
    if error is None:
        body["result"] = result
    else:
        body["error"] = error.json()
    return body


def respond(methods: Methods, body: bytes) -> bytes:
    """The answer to a request or to a batch of them."""
    try:
        request = json.loads(body)
    except ValueError:
        return json.dumps(answer(None, error=RPCError(PARSE_ERROR, "Parse error"))).encode()
    if isinstance(request, list):
        return json.dumps([_respond(methods, each) for each in request]).encode()
    return json.dumps(_respond(methods, request)).encode()


def _respond(methods: Methods, request: Any) -> dict[str, Any]:
    if not isinstance(request, dict) or not isinstance(request.get("method"), str):
        return answer(None, error=NO_METHOD)
    try:
        return answer(request.get("id"), methods.call(request["method"], request.get("params") or []))
    except RPCError as error:
        return answer(request.get("id"), error=error)


class HTTPServer:
    """As much HTTP/1.1 as JSON-RPC needs: POST with a length, connections kept alive."""

    def __init__(self, methods: Methods) -> None:
        self.methods = methods

    async def start(self, host: str, port: int) -> asyncio.Server:
        return await asyncio.start_server(self._connection, host, port, limit=LARGEST_HEAD)

    async def _connection(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(
            asyncio.IncompleteReadError, asyncio.LimitOverrunError, ConnectionError, ValueError, asyncio.CancelledError
        ):
            while await self._exchange(reader, writer):
                pass
        writer.close()

    async def _exchange(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        """One request; whether the connection stays open."""
        lines = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        fields = {name.strip().lower(): value.strip() for name, _, value in (line.partition(":") for line in lines[1:])}
        length = int(fields.get("content-length", "0"))
        if length > LARGEST_BODY:
            await self._write(writer, 413, b"", keep=False)
            return False
        if fields.get("expect", "").lower() == "100-continue":
            writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        body = await reader.readexactly(length)
        keep = fields.get("connection", "").lower() != "close"
        verb, path = (lines[0].split(" ") + ["", ""])[:2]
        if verb == "GET" and path == "/health":
            await self._write(writer, 200, b"ok", keep)
        elif verb != "POST":
            await self._write(writer, 405, b"Used HTTP Method is not allowed. POST or OPTIONS is required\n", keep)
        else:
            await self._write(writer, 200, respond(self.methods, body), keep)
        return keep

    async def _write(self, writer: asyncio.StreamWriter, status: int, body: bytes, keep: bool) -> None:
        reason = {200: "OK", 405: "Method Not Allowed", 413: "Payload Too Large"}[status]
        kind = "application/json; charset=utf-8" if body[:1] in (b"{", b"[") else "text/plain"
        head = f"HTTP/1.1 {status} {reason}\r\ncontent-type: {kind}\r\ncontent-length: {len(body)}\r\n"
        writer.write(head.encode() + (b"" if keep else b"connection: close\r\n") + b"\r\n" + body)
        await writer.drain()


class WebSocketServer:
    """Each connection has a queue, so that a slow reader does not hold up the ledger; one that is too slow is closed."""

    LONGEST_QUEUE = 10_000

    def __init__(self, hub: Hub) -> None:
        self.hub = hub

    def start(self, host: str, port: int) -> serve:
        return serve(self._connection, host, port, ping_interval=None)

    async def _connection(self, socket: ServerConnection) -> None:
        queue: asyncio.Queue[dict[str, Any]] = asyncio.Queue(self.LONGEST_QUEUE)

        def sink(message: dict[str, Any]) -> None:
            try:
                queue.put_nowait(message)
            except asyncio.QueueFull:
                socket.transport.abort()

        async with asyncio.TaskGroup() as group:
            writer = group.create_task(self._write(socket, queue))
            try:
                async for text in socket:
                    self._request(text, sink)
            except ConnectionClosed:
                pass
            finally:
                self.hub.forget(sink)
                writer.cancel()

    async def _write(self, socket: ServerConnection, queue: asyncio.Queue[dict[str, Any]]) -> None:
        with contextlib.suppress(ConnectionClosed):
            while True:
                await socket.send(json.dumps(await queue.get()))

    def _request(self, text: str | bytes, sink: Any) -> None:
        try:
            request = json.loads(text)
            method, params = request["method"], request.get("params") or []
        except (ValueError, KeyError, TypeError, AttributeError):
            sink(answer(None, error=RPCError(PARSE_ERROR, "Parse error")))
            return
        try:
            result = self.hub.call(method, params, sink)
        except RPCError as error:
            sink(answer(request.get("id"), error=error))
        except (IndexError, TypeError, KeyError) as error:
            sink(answer(request.get("id"), error=RPCError(-32602, f"Invalid params: {error}.")))
        else:
            sink(answer(request.get("id"), result))
            # What a client asks for may have happened already.
            self.hub.settle()
