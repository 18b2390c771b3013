"""Texts and tables as a terminal shows them; where lines break, rich is the judge."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console
from rich.text import Text as RichText

from costsim.report.formats.drawn import Group, Indented, Table, lines_of
from costsim.report.formats.styled import Text, cells, encoded, plain
from costsim.report.formats.terminal import as_text

CONSOLE = Console(width=80, color_system=None)
WORDS = st.lists(st.text("ab-_.漢字é", min_size=1, max_size=12), min_size=1, max_size=12)
GAPS = st.lists(st.sampled_from([" ", "  ", "\n", " \n"]), min_size=12, max_size=12)


@given(WORDS, GAPS, st.integers(2, 30))
def test_lines_break_where_rich_breaks_them(words: list[str], gaps: list[str], width: int) -> None:
    text = "".join(map("".join, zip(words, gaps, strict=False))).rstrip()
    wrapped = RichText(text).wrap(CONSOLE, width, overflow="fold")
    assert [plain(line).rstrip() for line in Text(text).wrapped(width)] == [line.plain.rstrip() for line in wrapped]


ROWS = st.lists(st.tuples(WORDS, WORDS, WORDS), min_size=1, max_size=4)


@given(ROWS, st.integers(24, 60), st.booleans())
def test_a_table_keeps_to_its_width_and_loses_no_word(rows: list[tuple[list[str]]], width: int, edges: bool) -> None:
    table = Table(gap=2, edges=edges)
    for justify in ("left", "right", "left"):
        table.add_column(justify=justify)  # type: ignore[arg-type]
    for row in rows:
        table.add_row(*map(" ".join, row))
    shown = [plain(line) for line in table.lines(width)]
    assert max(map(cells, shown)) <= width
    written = "".join(word for row in rows for cell in row for word in cell)
    assert sorted("".join(shown).replace(" ", "").replace("─", "")) == sorted(written)


def test_a_table_as_it_is_read() -> None:
    table = Table(title="Times", foot="of two", gap=2)
    table.add_column("layer", min_width=7)
    table.add_column("time\n[ms]", justify="right", no_wrap=True)
    table.add_row("a", "1.5")
    table.add_row(Text.assemble("b\n", ("below", "dim")), "10")
    group = Group("before", Indented(table, 2), "")
    assert as_text(group, 40).splitlines() == [
        "before",
        "  Times",
        "           time",
        "  layer    [ms]",
        "  ─────────────",
        "  a         1.5",
        "  b          10",
        "  below",
        "  of two",
        "",
    ]


@pytest.mark.parametrize(
    ("colours", "shown"),
    [(True, "\x1b[1;31mfails\x1b[0m here"), (False, "\x1b[1mfails\x1b[0m here")],
    ids=["in colour", "without"],
)
def test_styles_are_what_a_terminal_takes(colours: bool, shown: str) -> None:
    (line,) = lines_of(Text.assemble(("fails", "bold red"), " here  "), 40)
    assert encoded(line, styles=True, colours=colours) == shown
    assert encoded(line, styles=False, colours=colours) == "fails here"


def test_names_cannot_steer_a_terminal() -> None:
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f]", as_text(Text("a\x1b[31mb\x07\rc"), 40))


def test_a_broken_line_keeps_its_indent() -> None:
    assert [plain(line) for line in Text("a\n  bc de fg").wrapped(7)] == ["a", "  bc de", "  fg"]
