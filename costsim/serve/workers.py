"""The processes that work answers out, so that visitors share all cores and none waits for another's long answer."""

from __future__ import annotations

import os
from collections import OrderedDict
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import TypeVar

from anyio import BrokenWorkerProcess, CapacityLimiter, create_task_group, fail_after, to_process

from costsim.errors import InputError
from costsim.serve import pages

MOST_PROCESSES = 8
"""Each takes some 100 MiB of memory."""

MOST_KEPT = 1000
"""Answers that are given again without working them out: some 10 KiB each."""

Given = TypeVar("Given")
Part = tuple[str, pages.Asked]


def _processes() -> int:
    return min(os.cpu_count() or 1, MOST_PROCESSES)


@dataclass
class Workers:
    """Works out a few answers at the same time; the others wait for their turn."""

    seconds: float
    """How long one answer may take from its turn on."""
    processes: int = field(default_factory=_processes)

    def __post_init__(self) -> None:
        self._kept: OrderedDict[tuple[str, str], Part] = OrderedDict()

    async def part(self, template: str, visit: pages.Visit, query: str) -> Part:
        """A part of the page; what everybody may see is kept for the next who sends the same ``query``.

        Raises:
            InputError: see ``run``.
        """
        if visit.upload is not None:
            return await self.run(pages.part, template, visit)
        key = template, query
        found = self._kept.pop(key, None)
        if found is None:
            found = await self.run(pages.part, template, visit)
        self._kept[key] = found
        if len(self._kept) > MOST_KEPT:
            self._kept.popitem(last=False)
        return found

    async def run(self, function: Callable[..., Given], *given: object) -> Given:
        """What the function returns.

        Raises:
            InputError: it takes too long, or its process was ended from outside.
        """
        async with self._turns:
            try:
                with fail_after(self.seconds):
                    return await to_process.run_sync(function, *given, cancellable=True)
            except TimeoutError:
                raise InputError(
                    f"takes longer than {self.seconds:g} s to answer", mend="choose a smaller network or input"
                ) from None
            except BrokenWorkerProcess:
                raise InputError("the process that worked on this answer was ended", mend="ask again") from None

    @asynccontextmanager
    async def started(self) -> AsyncIterator[None]:
        """Have the processes import everything while nobody waits for them yet."""
        self._turns = CapacityLimiter(self.processes)  # belongs to the event loop that runs now
        async with create_task_group() as tasks:
            for _ in range(self.processes):
                tasks.start_soon(self._warmed)
            yield
            tasks.cancel_scope.cancel()

    async def _warmed(self) -> None:
        with suppress(InputError):
            await self.run(pages.part, "answer.html", pages.Visit({}))
