"""The seam to whatever runs the shards: this process, local processes, a Dask cluster, any Executor."""

from __future__ import annotations

import multiprocessing
import time
from collections.abc import Iterator
from concurrent.futures import Executor, ProcessPoolExecutor
from contextlib import contextmanager

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
        with ProcessPoolExecutor(workers, mp_context=multiprocessing.get_context("spawn")) as pool:
            yield pool


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
