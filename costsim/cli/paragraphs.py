"""Plain text on the terminal."""

from __future__ import annotations

import shutil

import click


def paragraph(text: str, indent: str = "") -> str:
    """The text no wider than the terminal, lines after the first indented."""
    return click.wrap_text(text, shutil.get_terminal_size().columns, subsequent_indent=indent)
