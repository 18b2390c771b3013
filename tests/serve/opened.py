"""Noticing that somebody opens a file or connects to an address, whichever process and language does it."""

from __future__ import annotations

import ctypes
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

OPEN_OR_READ = 0x20 | 0x1
"""IN_OPEN and IN_ACCESS of inotify(7)."""

WITHOUT_WAITING = os.O_NONBLOCK


@contextmanager
def watched(file: Path) -> Iterator[int]:
    """A descriptor from which ``was_opened`` tells whether anybody opened or read the file meanwhile."""
    kernel = ctypes.CDLL(None, use_errno=True)
    descriptor = kernel.inotify_init1(WITHOUT_WAITING)
    try:
        if descriptor < 0 or kernel.inotify_add_watch(descriptor, os.fsencode(file), OPEN_OR_READ) < 0:
            raise OSError(ctypes.get_errno(), "inotify")
        yield descriptor
    finally:
        os.close(descriptor)


def was_opened(descriptor: int) -> bool:
    try:
        return bool(os.read(descriptor, 4096))
    except BlockingIOError:
        return False


@contextmanager
def listening() -> Iterator[socket.socket]:
    """A port of this machine to which nobody should connect."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.setblocking(False)
        yield listener


def was_called(listener: socket.socket) -> bool:
    try:
        listener.accept()[0].close()
    except BlockingIOError:
        return False
    return True
