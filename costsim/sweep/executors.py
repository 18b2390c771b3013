"""The seam to whatever runs the shards: this process, local processes, a Dask cluster, any Executor."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
import time
from collections.abc import Iterator
from concurrent.futures import Executor, Future, ProcessPoolExecutor
from contextlib import contextmanager, suppress
from multiprocessing.connection import Connection
from typing import Any

from costsim.errors import InputError

CONNECT_ATTEMPTS = 3


@contextmanager
def open_executor(
    workers: int, scheduler: str | None = None, executor: Executor | None = None
) -> Iterator[Executor | None]:
    """The executor asked for, None for this process; one that was handed in is left open."""
    if executor is not None:
        yield executor
    elif scheduler is not None:
        with _dask(scheduler) as pool:
            yield pool
    elif workers == 1:
        yield None
    else:  # spawned: a fork would copy threads of NumPy's linear algebra in whatever state they are
        with _local(workers) as pool:
            yield pool


class _Workers(ProcessPoolExecutor):
    """Local processes that never see Ctrl-C: the main process does, and ends them."""

    def submit(self, /, *call: Any, **options: Any) -> Future[Any]:
        held = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})  # a process started now inherits it
        try:
            return super().submit(*call, **options)
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, held)


@contextmanager
def _local(workers: int) -> Iterator[Executor]:
    """Processes that end with this one, however it ends: the kernel closes its end of a pipe they listen to."""
    spawn = multiprocessing.get_context("spawn")
    listened, held = spawn.Pipe(duplex=False)
    pool = _Workers(workers, mp_context=spawn, initializer=_end_with, initargs=(listened,))
    try:
        yield pool
    except BaseException:
        held.close()
        pool.shutdown(cancel_futures=True)
        raise
    else:
        pool.shutdown()
    finally:
        held.close()
        listened.close()


def _end_with(parent: Connection) -> None:
    """End this process as soon as nobody holds the other end of the pipe."""

    def listen() -> None:
        with suppress(EOFError, OSError):
            parent.recv_bytes()
        os._exit(1)

    threading.Thread(target=listen, daemon=True).start()


@contextmanager
def _dask(scheduler: str) -> Iterator[Executor]:
    try:
        from distributed import Client
    except ImportError:
        raise InputError("Dask is not installed", where="--scheduler", mend="pip install 'costsim[sweep]'") from None
    for attempt in range(CONNECT_ATTEMPTS):
        try:
            client = Client(scheduler, timeout="5s")
            break
        except (OSError, TimeoutError, ValueError):
            if attempt == CONNECT_ATTEMPTS - 1:
                raise InputError(
                    f"no scheduler answers at {scheduler}", where="--scheduler", mend="is it running, and reachable?"
                ) from None
            time.sleep(2**attempt)
    with client:
        yield client.get_executor(pure=False, retries=3)
