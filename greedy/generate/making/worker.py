"""A process that makes chunks, started by greedy.generate.making.workers and by nobody else.

It reads one order from its standard input, and answers on its standard output with the chunks in turn. While nobody takes an answer, it
waits. It ends when its standard input ends: then whoever asked is gone.
"""

from __future__ import annotations

import gc
import os
import pickle
import signal
import struct
import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, BinaryIO

from greedy.generate.config import GeneratorConfig
from greedy.generate.making.chunks import Made, made
from greedy.generate.sinks.base import Chunk

LENGTH = struct.Struct("<Q")  # stands before each answer


@dataclass(frozen=True)
class Order:
    """Which chunks to make, and how the sinks want them."""

    config: GeneratorConfig
    chunks: tuple[range, ...]
    prepared: tuple[Callable[[Chunk], Any], ...]


Answer = Made | Exception


def main() -> None:
    """Read the order, make the chunks, answer."""
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)  # nobody listens any more: end without a word
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # whatever a library prints must not lie between the answers
    order: Order = pickle.load(sys.stdin.buffer)  # noqa: S301  from our own parent
    threading.Thread(target=_end_with_parent, daemon=True).start()
    gc.disable()  # rows hold no cycles, and to look for them in millions takes as long as to make them
    for practices in order.chunks:
        try:
            answer: Answer = made(order.config, practices, order.prepared)
        except Exception as exc:  # noqa: BLE001  raised again where somebody can tell it
            answer = exc
        _send(answers, answer)
        del answer
        gc.collect()


def _send(answers: BinaryIO, answer: Answer) -> None:
    content = pickle.dumps(answer, pickle.HIGHEST_PROTOCOL)
    answers.write(LENGTH.pack(len(content)))
    answers.write(content)
    answers.flush()


def _end_with_parent() -> None:
    os.read(0, 1)
    os._exit(1)
