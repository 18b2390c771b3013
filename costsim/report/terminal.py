"""What the text outputs share: plain tables, and what rich draws as a string."""

from __future__ import annotations

from typing import Any

from rich import box
from rich.console import Console
from rich.table import Table


def as_text(shown: Any, width: int | None = None) -> str:
    """What rich draws, as wide as the terminal unless ``width`` says otherwise; in colour where it has any."""
    console = Console(highlight=False, width=width)
    with console.capture() as captured:
        console.print(shown)
    return captured.get()


def plain_table(**options: Any) -> Table:
    """A table with a line under its head and no other."""
    return Table(box=box.SIMPLE_HEAD, pad_edge=False, **options)
