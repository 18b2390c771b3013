"""Standard streams that may be full: the files asked for beside them are written all the same."""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any, Literal


class _Patient:
    """A stream that remembers why it could not be written, and goes on."""

    def __init__(self, stream: Any, problem: list[OSError]) -> None:
        self._stream, self._problem = stream, problem

    def write(self, text: str) -> int:
        if not self._problem:
            try:
                if self._stream is None:  # closed before the start
                    raise OSError(errno.EBADF, os.strerror(errno.EBADF))
                self._stream.write(text)
                self._stream.flush()
            except OSError as error:
                self._problem.append(error)
        return len(text)

    def flush(self) -> None:
        """Every write is flushed."""

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


@contextmanager
def patient(name: Literal["stdout", "stderr"]) -> Iterator[list[OSError]]:
    """While it is open nothing that writes to the stream fails; the list holds why it could not be written."""
    problem: list[OSError] = []
    stream = getattr(sys, name)
    setattr(sys, name, _Patient(stream, problem))
    try:
        yield problem
    finally:
        setattr(sys, name, stream)
        if problem and stream is not None:  # what the stream still holds goes nowhere, or it would fail again at exit
            with suppress(OSError, ValueError):
                os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
