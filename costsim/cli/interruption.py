"""Ctrl-C, wherever it comes: libraries written in C turn it into errors of their own, or drop it."""

from __future__ import annotations

import signal
import sys
from _thread import interrupt_main
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any


@contextmanager
def noted_interruptions() -> Iterator[list[int]]:
    """While it is open the list holds the interruptions that came: an error after one of them is its doing.

    One that comes where Python cannot raise it, as in a callback, comes again.
    """
    came: list[int] = []

    def interrupt(number: int, frame: FrameType | None) -> None:
        came.append(number)
        raise KeyboardInterrupt

    def again(dropped: Any) -> None:
        interrupt_main() if issubclass(dropped.exc_type, KeyboardInterrupt) else sys.__unraisablehook__(dropped)

    before, hook = signal.getsignal(signal.SIGINT), sys.unraisablehook
    if before is not signal.default_int_handler:  # ignored, or somebody else's
        yield came
        return
    signal.signal(signal.SIGINT, interrupt)
    sys.unraisablehook = again
    try:
        yield came
    finally:
        sys.unraisablehook = hook
        signal.signal(signal.SIGINT, before)
