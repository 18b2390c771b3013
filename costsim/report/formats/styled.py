"""Text in styles: how wide it is, where its lines break, and how a terminal is told of it."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from itertools import pairwise
from typing import TypeAlias

from costsim.errors import visible

Line: TypeAlias = list[tuple[str, str]]
"""Pieces of one line, each with its style."""

CODES = {"bold": "1", "dim": "2", "red": "31", "green": "32", "yellow": "33", "cyan": "36"}
"""Words of a style to the terminal's codes (ECMA-48, "Select Graphic Rendition")."""

COLOURLESS = ("bold", "dim")

_WORD = re.compile(r"\s*\S+\s*")


class Text:
    """Some lines in one style or several."""

    def __init__(self, text: str = "", style: str = "") -> None:
        self.pieces: Line = [(text, style)]

    @classmethod
    def assemble(cls, *parts: str | tuple[str, str] | Text) -> Text:
        """One text of several, each plain or with its style."""
        whole = cls()
        for part in parts:
            whole.pieces += part.pieces if isinstance(part, Text) else [(part, "") if isinstance(part, str) else part]
        return whole

    def append(self, text: str, style: str = "") -> None:
        self.pieces.append((text, style))

    def unwrapped(self, style: str = "") -> list[Line]:
        """The lines it was written in; ``style`` is of all that has none."""
        lines: list[Line] = [[]]
        for text, own in self.pieces:
            first, *others = text.expandtabs().split("\n")
            lines[-1].append((visible(first), own or style))
            lines += [[(visible(other), own or style)] for other in others]
        return lines

    def wrapped(self, width: int, style: str = "") -> list[Line]:
        """Its lines broken between words, and within words that are longer than a line."""
        return [part for line in self.unwrapped(style) for part in _broken(line, width)]


def cells(text: str) -> int:
    """Columns of a terminal a text takes: ideographs take two, marks on other characters none."""
    if text.isascii():
        return len(text)
    return sum(_cells_of(char) for char in text)


def plain(line: Line) -> str:
    return "".join(text for text, _ in line)


def encoded(line: Line, *, styles: bool, colours: bool) -> str:
    """The line as a terminal takes it, without what fills it up at its end."""
    end = len(plain(line).rstrip())
    return "".join(_encoded(text, style, styles, colours) for text, style in cut(line, 0, end))


def cut(line: Line, start: int, end: int) -> Line:
    """The characters of a line from ``start`` to before ``end``."""
    at, pieces = 0, []
    for text, style in line:
        piece = text[max(0, start - at) : max(0, end - at)]
        pieces += [(piece, style)] if piece else []
        at += len(text)
    return pieces


def cropped(line: Line, width: int) -> Line:
    """As much of a line as has room."""
    return cut(line, 0, len(next(_folded(plain(line), width), "")))


def _broken(line: Line, width: int) -> Iterator[Line]:
    """Lines that have room, each with the spaces the whole begins with."""
    text = plain(line)
    indent = len(text) - len(text.lstrip(" "))
    if 0 < indent < width / 2:
        inner = _broken(cut(line, indent, len(text)), width - indent)
        yield from ([(" " * indent, ""), *part] for part in inner)
        return
    breaks = [0, *_breaks(text, width), len(text)]
    for start, end in pairwise(breaks):
        yield cut(line, start, start + len(text[start:end].rstrip()))


def _breaks(text: str, width: int) -> Iterator[int]:
    """Where lines after the first begin."""
    used = 0
    for word in _WORD.finditer(text):
        start, length = word.start(), cells(word[0].rstrip())
        if length <= width - used:
            used += cells(word[0])
            continue
        if length <= width:
            if used and start:
                yield start
            used = cells(word[0])
            continue
        for part in _folded(word[0], width):
            if start:
                yield start
            start, used = start + len(part), cells(part)


def _folded(word: str, width: int) -> Iterator[str]:
    """A word in pieces that each have room."""
    start = used = 0
    for at, char in enumerate(word):
        if used + _cells_of(char) > width and at > start:
            yield word[start:at]
            start, used = at, 0
        used += _cells_of(char)
    yield word[start:]


def _cells_of(char: str) -> int:
    if unicodedata.combining(char):
        return 0
    return 2 if unicodedata.east_asian_width(char) in "WF" else 1


def _encoded(text: str, style: str, styles: bool, colours: bool) -> str:
    codes = [CODES[word] for word in style.split() if colours or word in COLOURLESS]
    return f"\x1b[{';'.join(codes)}m{text}\x1b[0m" if styles and codes else text
