"""Errors a user can mend, each with the exit code the command line answers with.

Every message is one line that says what is wrong, where, and how to mend it.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable
from typing import Any

MOST = 300
"""Characters of a message: names and values of others may be of any length."""

_NAME = re.compile(r"'([^']{61,})'")
"""A name in quotes that is longer than a line has room for."""


def visible(text: str) -> str:
    """Text of others with what would steer a terminal, break a line or turn the reading order written as an escape."""
    return text if text.isprintable() else "".join(c if c.isprintable() else _escape(c) for c in text)


def _escape(char: str) -> str:
    return repr(char)[1:-1] if unicodedata.category(char) != "Zs" else " "  # other widths of space are spaces


def shortened(written: object, most: int = 60) -> str:
    """What was written, cut where it is too long for a message of one line."""
    text = str(written)
    return text if len(text) <= most else f"{text[:most]}... ({len(text)} characters)"


def _within(most: int, *parts: str) -> list[str]:
    """Parts of one message with long names cut, and then the longest parts, until all have room."""
    short = [_NAME.sub(lambda name: f"'{shortened(name[1])}'", visible(part)) for part in parts]
    for _ in short:
        excess = sum(map(len, short)) + 2 * (len(short) - 1) - most
        if excess > 0:
            at = max(range(len(short)), key=lambda i: len(short[i]))
            short[at] = shortened(short[at], max(len(short[at]) - excess - 25, 40))  # the cut is told in as many
    return short


class CostsimError(Exception):
    """Base of all errors raised on purpose."""

    exit_code = 1

    def __str__(self) -> str:
        """One line, whatever others wrote stands in it."""
        return visible(super().__str__())


class InputError(CostsimError):
    """Bad input: an unknown name, a wrong unit, a malformed file, an impossible shape."""

    def __init__(self, what: str, *, where: str = "", mend: str = "") -> None:
        self.what, self.where, self.mend = _within(MOST, what, where, mend)
        super().__init__(f"{self.where}: {self.what}" if where else self.what)

    def __str__(self) -> str:
        line = super().__str__()
        return f"{line}; {visible(self.mend)}" if self.mend else line

    def at(self, where: str) -> InputError:
        """The same error, seen from further out: ``where`` is put in front."""
        return InputError(self.what, where=f"{where}: {self.where}" if self.where else where, mend=self.mend)


class StoppedError(InputError):
    """Stopped by the user; says what is kept."""

    exit_code = 130


class DoesNotFitError(CostsimError):
    """The network cannot run on this device at all."""

    exit_code = 2
    tried: tuple[Any, ...] = ()
    """The graph, the run and the profile it was raised over, where they are known."""

    def __init__(self, what: str, otherwise: Callable[[], str] | None = None, *, where: str = "") -> None:
        """``where`` is the layer that needs too much; ``otherwise`` says what would make it smaller, which is worked
        out only for those who read the message.
        """
        super().__init__(f"{shortened(where)}: {what}" if where else what)
        self.otherwise = otherwise
        self.instead = ""
        """What of the network would have fitted, where somebody tried."""

    def __str__(self) -> str:
        parts = super().__str__(), self.otherwise() if self.otherwise else "", self.instead
        return "; ".join(_within(MOST, *filter(None, parts)))

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (str(self),), {"tried": self.tried}  # another process gets the words


class AssertionFailedError(CostsimError):
    """A limit the user asserted does not hold."""

    exit_code = 3


def nearest(word: str, known: Iterable[str], most: int = 1, cutoff: float = 0.6) -> list[str]:
    """The known words nearest to this one, the nearest first; ``cutoff`` is the share that has to be the same."""
    from difflib import get_close_matches  # only who misspells pays for it

    return get_close_matches(word, list(known), n=most, cutoff=cutoff)


def unknown_name(kind: str, name: str, known: Iterable[str], *, where: str = "", listing: str = "") -> InputError:
    """The error for a name that is not known, with the nearest ones that are."""
    known, name = sorted(known), shortened(name)
    near = nearest(name.lower(), known, most=3, cutoff=0.5)
    mend = f"did you mean {', '.join(near)}?" if near else (listing or f"known: {', '.join(known)}")
    return InputError(f"unknown {kind} '{name}'", where=where, mend=mend)
