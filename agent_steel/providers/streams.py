"""Reads a reply as it arrives, and gives up on one that stalls, whatever its connection says.

A connection can stay alive with keep-alive messages while no reply comes, and no time-out of a
socket notices. So the events are read in a thread of their own, and the wait for each is bounded
here.
"""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from agent_steel.providers.retrying import Limits


class Stalled(Exception):
    """No piece of a reply came for too long, or the whole took too long."""


_END = object()


def events(start: Callable[[], Iterable[Any]], limits: Limits) -> Iterator[Any]:
    """The events of a stream that `start` opens; raises what it raises, or Stalled.

    `start` may return an object with `close`: it is closed at the end. After a stall the thread is
    left to the socket's own time-out.
    """
    pieces: queue.Queue[tuple[Any, BaseException | None]] = queue.Queue()
    cancelled = threading.Event()

    def read() -> None:
        try:
            stream = start()
            for event in stream:
                if cancelled.is_set():
                    break
                pieces.put((event, None))
            close = getattr(stream, "close", None)
            if close is not None:
                close()
            pieces.put((_END, None))
        except BaseException as problem:  # handed to the reader, who raises it
            pieces.put((_END, problem))

    threading.Thread(target=read, name="reply", daemon=True).start()
    try:
        yield from _pieces(pieces, limits)
    finally:
        cancelled.set()


def _pieces(pieces: queue.Queue[tuple[Any, BaseException | None]], limits: Limits) -> Iterator[Any]:
    began = time.monotonic()
    patience = limits.first_s
    while True:
        left = began + limits.total_s - time.monotonic()
        try:
            event, problem = pieces.get(timeout=max(0.0, min(patience, left)))
        except queue.Empty:
            if left <= patience:
                raise Stalled(f"no whole reply within {limits.total_s:g} s") from None
            raise Stalled(f"no piece of a reply for {patience:g} s") from None
        if problem is not None:
            raise problem
        if event is _END:
            return
        yield event
        patience = limits.stall_s
