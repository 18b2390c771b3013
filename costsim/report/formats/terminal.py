"""What the text outputs share: plain tables, and what rich draws as a string."""

from __future__ import annotations

import re
from typing import Any

from rich import box
from rich.console import Console, ConsoleOptions, RenderResult
from rich.segment import Segment
from rich.table import Table

from costsim.errors import visible

_SPACES_BEFORE_END = re.compile(r" +((?:\x1b\[[0-9;]*m)*)$", re.MULTILINE)
"""What rich fills lines with: nobody sees it, and it stands in every diff of an output that was kept."""


def as_text(shown: Any, width: int | None = None) -> str:
    """What rich draws, as wide as the terminal unless ``width`` says otherwise; in colour where it has any."""
    console = Console(highlight=False, markup=False, emoji=False, width=width)
    with console.capture() as captured:
        console.print(_Visible(shown))
    return _SPACES_BEFORE_END.sub(r"\1", captured.get())


class _Visible:
    """What is drawn, without what names in it would do to a terminal."""

    def __init__(self, shown: Any) -> None:
        self.shown = shown

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        for segment in console.render(self.shown, options):
            lines = segment.text.split("\n")
            yield Segment("\n".join(map(visible, lines)), segment.style, segment.control)


def plain_table(**options: Any) -> Table:
    """A table with a line under its head and no other."""
    return Table(box=box.SIMPLE_HEAD, pad_edge=False, **options)
