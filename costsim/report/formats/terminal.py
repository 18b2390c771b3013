"""What the text outputs share: what is drawn as a string, as wide and as colourful as the terminal."""

from __future__ import annotations

import os
import sys
from contextlib import suppress

from costsim.report.formats.drawn import Shown, lines_of
from costsim.report.formats.styled import encoded

USUAL_WIDTH = 80


def as_text(shown: Shown, width: int | None = None) -> str:
    """What is drawn, as wide as the terminal unless ``width`` says otherwise; in colour where it has any."""
    styles = _has_styles()
    colours = not os.environ.get("NO_COLOR")  # no-color.org
    lines = (encoded(line, styles=styles, colours=colours) for line in lines_of(shown, width or _width()))
    return "".join(f"{line}\n" for line in lines)


def _width() -> int:
    """Columns of the terminal any standard stream belongs to; ``COLUMNS`` speaks for all."""
    if (told := os.environ.get("COLUMNS", "")).isdigit() and int(told):
        return int(told)
    for descriptor in range(3):
        with suppress(OSError):
            return os.get_terminal_size(descriptor).columns or USUAL_WIDTH
    return USUAL_WIDTH


def _has_styles() -> bool:
    """Whether standard output is a terminal that knows of styles; ``FORCE_COLOR`` says it is."""
    if os.environ.get("FORCE_COLOR"):
        return True
    return sys.stdout.isatty() and os.environ.get("TERM") not in ("dumb", "unknown")
