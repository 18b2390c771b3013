"""The page of the op words, made of their table: ``python -m costsim.lowering.words_page FILE``."""

from __future__ import annotations

import sys
from pathlib import Path

from costsim.hardware import load_profile, profile_names
from costsim.lowering.parts import PARTS, comes_apart
from costsim.tables.words import WORDS, Word

HEAD = """# Op words

<!-- Made from the table of words by `make docs`; edit `costsim/tables/words.py`. -->

An op table speaks of ops in words, and whatever depends on the word alone stands here once. A word that is not
listed is refused when a network is lowered. A plug-in adds the word of a layer of its own with
`costsim.tables.words.add_word`.

*Flops* are operations an output element beside multiply-accumulates; a dash means that the layer's sizes decide.
*Series* are exponentials, logarithms and their like an output element. *Whole input* ops wait for the last line of
their input, so that nothing streams through them.
"""

TARGETS = """## Where they run

Devices that list their ops, and what becomes of the others. A composite word runs as its parts where the device
has them all; what is left falls back to the host core.
"""


def page() -> str:
    """The table of words, then for each device with a list of ops the words it takes apart and those it lacks."""
    rows = [
        "| word | class | flops | series | whole input | keeps channels | copies | parts |",
        "|---|---|---|---|---|---|---|---|",
    ]
    rows += [_row(op, word) for op, word in WORDS.items()]
    targets = ["| device | as parts | on the host |", "|---|---|---|"]
    targets += [line for name in profile_names() if (line := _target(name))]
    return "\n".join([HEAD, *rows, "", TARGETS, *targets, ""])


def _row(op: str, word: Word) -> str:
    flops = "-" if word.flops is None else f"{word.flops:g}"
    flags = ["yes" if flag else "" for flag in (word.whole_input, word.keeps_channels, word.copies)]
    series = f"{word.exponentials:g}" if word.exponentials else ""
    return "| " + " | ".join([f"`{op}`", word.op_class, flops, series, *flags, ", ".join(word.parts)]) + " |"


def _target(name: str) -> str:
    runtime = load_profile(name).runtime
    device_ops = getattr(runtime, "device_ops", None)
    if device_ops is None or runtime.executed_ops is None:
        return ""
    runs = {*runtime.executed_ops, *runtime.views}
    apart = [op for op in PARTS if comes_apart(op, runs)]
    executed = [op for op, word in WORDS.items() if word.op_class != "none"]
    host = [op for op in executed if op not in {*device_ops, *runtime.views, *apart}]
    return f"| `{name}` | {', '.join(apart)} | {', '.join(host)} |"


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(page(), encoding="utf-8")
