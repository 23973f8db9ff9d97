"""A server on loopback that speaks the two providers' protocols from a script."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Event = tuple[str, Mapping[str, Any] | str]


@dataclass
class Response:
    """One answer: a stream of `events`, or `body` as JSON. `then`: what comes after the events:
    "end", "cut" (the connection is dropped) or "hang" (nothing more; `pings` keep it alive)."""

    status: int = 200
    body: Mapping[str, Any] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    events: Sequence[Event] | None = None
    then: str = "end"
    pings: bool = False


@dataclass
class Server:
    """Answers requests in the order of `script`, and keeps what was asked."""

    script: list[Response]
    url: str = ""
    asked: list[dict[str, Any]] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    over: threading.Event = field(default_factory=threading.Event)


@contextmanager
def serving(*script: Response) -> Iterator[Server]:
    """A server for the length of a test."""
    server = Server(list(script))

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            length = int(self.headers.get("content-length", 0))
            server.asked.append(json.loads(self.rfile.read(length)))
            server.headers.append({k.lower(): v for k, v in self.headers.items()})
            play(self, server.script.pop(0), server.over)

        def log_message(self, *_: Any) -> None:
            """Silent."""

    httpd = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    httpd.daemon_threads = True
    server.url = f"http://127.0.0.1:{httpd.server_address[1]}"
    thread = threading.Thread(target=httpd.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield server
    finally:
        server.over.set()
        httpd.shutdown()
        thread.join()
        httpd.server_close()


def play(handler: BaseHTTPRequestHandler, response: Response, over: threading.Event) -> None:
    """Send one answer."""
    if response.events is None:
        raw = json.dumps(response.body).encode()
        handler.send_response(response.status)
        handler.send_header("content-type", "application/json")
        handler.send_header("content-length", str(len(raw)))
        for name, value in response.headers.items():
            handler.send_header(name, value)
        handler.end_headers()
        handler.wfile.write(raw)
        return
    handler.send_response(200)
    handler.send_header("content-type", "text/event-stream")
    handler.send_header("transfer-encoding", "chunked")
    handler.end_headers()
    for name, data in response.events:
        chunk(handler, name, data)
    if response.then == "end":
        handler.wfile.write(b"0\r\n\r\n")
        return
    handler.close_connection = True
    deadline = time.monotonic() + 10
    while response.then == "hang" and not over.wait(0.05) and time.monotonic() < deadline:
        if response.pings:
            try:
                chunk(handler, "ping", {"type": "ping"})
            except OSError:
                return


def chunk(handler: BaseHTTPRequestHandler, name: str, data: Mapping[str, Any] | str) -> None:
    """One event of a stream."""
    text = data if isinstance(data, str) else json.dumps(data)
    raw = (f"event: {name}\n" if name else "").encode() + f"data: {text}\n\n".encode()
    handler.wfile.write(f"{len(raw):x}\r\n".encode() + raw + b"\r\n")
    handler.wfile.flush()


class AnthropicWire:
    """Messages API."""

    name = "anthropic"
    overloaded = 529

    def base(self, server: Server) -> str:
        return server.url

    def reply(
        self, *, text: str = "", tool: str | None = None, stop: str = "end", then: str = "end"
    ) -> Response:
        """`stop`: end, tool, length or refused. A reply that is cut off has no stop."""
        usage = {
            "input_tokens": 100,
            "cache_read_input_tokens": 40,
            "cache_creation_input_tokens": 10,
            "output_tokens": 1,
        }
        message = {
            "id": "msg_1",
            "type": "message",
            "role": "assistant",
            "model": "claude-opus-5-5",
            "content": [],
            "stop_reason": None,
            "stop_sequence": None,
            "usage": usage,
        }
        events: list[Event] = [
            ("message_start", {"type": "message_start", "message": message}),
            ("ping", {"type": "ping"}),
        ]
        for index, (kind, value) in enumerate((("text", text), ("tool", tool))):
            if value:
                events += self._block(index, kind, value)
        if then == "end":
            reasons = {"end": "end_turn", "tool": "tool_use", "length": "max_tokens"}
            delta = {"stop_reason": reasons.get(stop, "refusal"), "stop_sequence": None}
            done = {"type": "message_delta", "delta": delta, "usage": {"output_tokens": 30}}
            events += [("message_delta", done), ("message_stop", {"type": "message_stop"})]
        return Response(events=events, then=then)

    def _block(self, index: int, kind: str, value: str) -> list[Event]:
        tool = {"type": "tool_use", "id": "toolu_1", "name": "submit", "input": {}}
        start = {"type": "text", "text": ""} if kind == "text" else tool
        begin = {"type": "content_block_start", "index": index, "content_block": start}
        events: list[Event] = [("content_block_start", begin)]
        for i in range(0, len(value), 7):
            piece = value[i : i + 7]
            json_delta = {"type": "input_json_delta", "partial_json": piece}
            delta = {"type": "text_delta", "text": piece} if kind == "text" else json_delta
            body = {"type": "content_block_delta", "index": index, "delta": delta}
            events.append(("content_block_delta", body))
        events.append(("content_block_stop", {"type": "content_block_stop", "index": index}))
        return events

    def error(self, status: int, message: str, **headers: str) -> Response:
        kinds = {429: "rate_limit_error", 529: "overloaded_error", 400: "invalid_request_error"}
        error = {"type": kinds.get(status, "api_error"), "message": message}
        return Response(status, {"type": "error", "error": error}, headers)


class OpenAIWire:
    """Chat completions."""

    name = "openai"
    overloaded = 503

    def base(self, server: Server) -> str:
        return f"{server.url}/v1"

    def reply(
        self, *, text: str = "", tool: str | None = None, stop: str = "end", then: str = "end"
    ) -> Response:
        """As AnthropicWire.reply."""
        events: list[Event] = [("", self._chunk({"role": "assistant", "content": ""}))]
        for i in range(0, len(text), 7):
            events.append(("", self._chunk({"content": text[i : i + 7]})))
        if tool:
            call = {"index": 0, "id": "call_1", "type": "function"}
            head = {**call, "function": {"name": "submit", "arguments": ""}}
            events.append(("", self._chunk({"tool_calls": [head]})))
            for i in range(0, len(tool), 7):
                part = {"index": 0, "function": {"arguments": tool[i : i + 7]}}
                events.append(("", self._chunk({"tool_calls": [part]})))
        if then == "end":
            reasons = {"end": "stop", "tool": "tool_calls", "length": "length"}
            events.append(("", self._chunk({}, reasons.get(stop, "content_filter"))))
            usage = {
                "prompt_tokens": 150,
                "completion_tokens": 30,
                "total_tokens": 180,
                "prompt_tokens_details": {"cached_tokens": 40},
            }
            events.append(("", {**self._chunk({}), "choices": [], "usage": usage}))
            events.append(("", "[DONE]"))
        return Response(events=events, then=then)

    def _chunk(self, delta: Mapping[str, Any], finish: str | None = None) -> dict[str, Any]:
        return {
            "id": "chatcmpl-1",
            "object": "chat.completion.chunk",
            "created": 1,
            "model": "gpt-6.1-sol",
            "choices": [{"index": 0, "delta": dict(delta), "finish_reason": finish}],
        }

    def error(self, status: int, message: str, **headers: str) -> Response:
        return Response(status, {"error": {"message": message, "type": "server_error"}}, headers)


Wire = AnthropicWire | OpenAIWire
Clock = Callable[[float], None]
