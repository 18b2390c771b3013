"""Progress of what takes a while, on stderr; nothing where nobody watches."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn


class Report(Protocol):
    """What the work calls with the steps done, the steps in all, and what comes next."""

    def __call__(self, done: int, steps: int, name: str = "") -> None: ...


@contextmanager
def progress_bar(title: str, unit: str = "") -> Iterator[Report]:
    """A bar with the time that remains and, where steps have a ``unit``, how many are done a second."""
    console = Console(stderr=True)
    columns = (
        TextColumn(title),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.description}"),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task("")

        def report(done: int, steps: int, name: str = "") -> None:
            bar.update(task, completed=done, total=steps)
            speed = bar.tasks[task].speed
            bar.update(task, description=f"{speed:,.0f} {unit}/s" if unit and speed else name)

        yield report
