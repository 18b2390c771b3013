"""Tables and texts below each other, drawn to fit a terminal."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

from costsim.report.formats.styled import Line, Text, cells, cropped, plain

Justify: TypeAlias = Literal["left", "right"]


class Drawn:
    """What can be drawn in so many columns."""

    def lines(self, width: int) -> list[Line]:
        """Its lines, none wider than ``width``."""
        raise NotImplementedError


Shown: TypeAlias = str | Text | Drawn


class Group(Drawn):
    """One below the other."""

    def __init__(self, *parts: Shown) -> None:
        self.parts = parts

    def lines(self, width: int) -> list[Line]:
        return [line for part in self.parts for line in lines_of(part, width)]


class Indented(Drawn):
    """Away from the left edge, and from the right one."""

    def __init__(self, part: Shown, left: int, right: int = 0) -> None:
        self.part, self.left, self.right = part, left, right

    def lines(self, width: int) -> list[Line]:
        return [[(" " * self.left, ""), *line] for line in lines_of(self.part, width - self.left - self.right)]


def lines_of(part: Shown, width: int) -> list[Line]:
    """The lines of whatever can be shown."""
    if isinstance(part, Drawn):
        return part.lines(width)
    return (Text(part) if isinstance(part, str) else part).wrapped(width)


@dataclass(frozen=True)
class Column:
    """How the cells of a column stand."""

    head: str = ""
    justify: Justify = "left"
    no_wrap: bool = False
    """Whether its lines stay whole while other columns can give way."""
    style: str = ""
    min_width: int = 0
    width: int = 0
    """What it takes whatever its cells hold; 0: as much as they need."""


@dataclass
class Table(Drawn):
    """Columns beside each other, with a line under their heads."""

    title: str = ""
    foot: str = ""
    """What is said below it."""
    gap: int = 3
    """Columns of the terminal between two of the table's."""
    edges: bool = False
    """Whether it keeps away from what stands around it."""
    heads: bool = True
    columns: list[Column] = field(default_factory=list)
    rows: list[list[Text]] = field(default_factory=list)

    def add_column(self, head: str = "", **standing: Any) -> None:
        """The next column; ``standing`` is what ``Column`` says of its cells."""
        self.columns.append(Column(head, **standing))

    def add_row(self, *row: str | Text) -> None:
        """A row from the left; what is left out is empty."""
        given = [Text(cell) if isinstance(cell, str) else cell for cell in row]
        self.rows.append(given + [Text()] * (len(self.columns) - len(given)))

    def lines(self, width: int) -> list[Line]:
        around = 2 if self.edges else 0
        widths = self._widths(width - self.gap * (len(self.columns) - 1) - around)
        whole = sum(widths) + self.gap * (len(self.columns) - 1)
        body = [line for row in self.rows for line in self._row(row, widths)]
        if self.heads:
            heads = [Text(column.head, "bold") for column in self.columns]
            body = [*self._row(heads, widths, at_bottom=True), [("─" * whole, "")], *body]
        if self.edges:
            body = [[], *([(" ", ""), *line] for line in body), []]
        said = ((self.title, "bold"), (self.foot, "dim"))
        above, below = (Text(*words).wrapped(max(whole + around, 1)) if words[0] else [] for words in said)
        return [*above, *body, *below]

    def _row(self, row: Sequence[Text], widths: Sequence[int], *, at_bottom: bool = False) -> list[Line]:
        """The lines of a row: as many as its highest cell has; others stand at its top or bottom."""
        drawn = [_cell(*of_cell) for of_cell in zip(row, self.columns, widths, strict=True)]
        height = max(map(len, drawn), default=0)
        for cell, width in zip(drawn, widths, strict=True):
            empty: list[Line] = [[(" " * width, "")]] * (height - len(cell))
            cell[:] = empty + cell if at_bottom else cell + empty
        between: Line = [(" " * self.gap, "")]
        return [sum((between + part for part in parts[1:]), parts[0]) for parts in zip(*drawn, strict=True)]

    def _widths(self, room: int) -> list[int]:
        """What each column takes: its longest line, or less, the widest giving way first, so that all have room."""
        texts = [[Text(column.head), *(row[at] for row in self.rows)] for at, column in enumerate(self.columns)]
        longest = (max(cells(plain(line)) for text in column for line in text.unwrapped()) for column in texts)
        widths = [
            column.width or max(1, min(most, room), column.min_width)
            for most, column in zip(longest, self.columns, strict=True)
        ]
        widths = _narrowed(widths, [not (column.no_wrap or column.width) for column in self.columns], room)
        return _narrowed(widths, [True] * len(widths), room)


def _narrowed(widths: Sequence[int], gives: Sequence[bool], room: int) -> list[int]:
    """Widths that have room, if those that give way can make it: the widest down to the next one, and so on."""
    widths = list(widths)
    while (excess := sum(widths) - room) > 0:
        giving = [at for at, give in enumerate(gives) if give and widths[at] > 1]
        if not giving:
            break
        widest = max(widths[at] for at in giving)
        those = [at for at in giving if widths[at] == widest]
        least = max((widths[at] for at in giving if widths[at] < widest), default=1)
        each = min(widest - least, max(1, excess // len(those)))
        for at in those[: excess if each == 1 else None]:
            widths[at] -= each
    return widths


def _cell(text: Text, column: Column, width: int) -> list[Line]:
    """The lines of a cell, filled up to its width."""
    if column.no_wrap:
        lines = [cropped(line, width) for line in text.unwrapped(column.style)]
    else:
        lines = text.wrapped(width, column.style)
    filled: list[Line] = []
    for line in lines:
        spaces: Line = [(" " * (width - cells(plain(line))), "")]
        filled.append(spaces + line if column.justify == "right" else line + spaces)
    return filled
