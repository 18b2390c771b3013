"""Writing what a card was made on into the file of its profile."""

from __future__ import annotations

import re
from pathlib import Path

from costsim.files import read_text, write_text
from costsim.hardware.calibration import MadeOn


def stamped(text: str, made_on: MadeOn, runtime: str | None = None) -> str:
    """The text of a profile with ``made_on`` in its card, in place of the one there was; all else stays as it is.

    Args:
        text: of the profile.
        made_on: what to write.
        runtime: whose card, of the runtimes it lists; None: the board's own.
    """
    text = text if text.endswith("\n") else text + "\n"
    indent = "    " if runtime else ""
    listed = re.search(rf"^  {re.escape(runtime)}:\n", text, re.MULTILINE) if runtime else None
    begins = listed.end() if listed else 0
    card = _block_at(indent, "calibration").search(text, begins)
    if card is None:
        return f"{text}calibration:\n{_written(made_on, '  ')}"
    own = _block_at(f"{indent}  ", "made_on").sub("", card.group()).rstrip("\n") + "\n"
    return text[: card.start()] + own + _written(made_on, f"{indent}  ") + text[card.end() :]


def _block_at(indent: str, word: str) -> re.Pattern[str]:
    """A block of YAML with all that is indented below it."""
    return re.compile(rf"^{indent}{word}:.*\n(?:{indent}[ \t]+.*\n|[ \t]*\n(?={indent}[ \t]))*", re.MULTILINE)


def stamp(path: Path, made_on: MadeOn, runtime: str | None = None) -> None:
    """Write it into a file.

    Raises:
        InputError: the file cannot be read or written.
    """
    write_text(path, stamped(read_text(path), made_on, runtime))


def _written(made_on: MadeOn, indent: str) -> str:
    lines = ["made_on:", f"  fingerprint: '{made_on.fingerprint}'"]
    if made_on.measurements:
        lines += [
            f"  measurements: {made_on.measurements}",
            *(f"  {name}: {_list(getattr(made_on, name))}" for name in ("threads", "dtypes", "batches", "pixels")),
            f"  op_classes: {{{', '.join(f'{name}: {share:g}' for name, share in made_on.op_classes.items())}}}",
            "  products:",
            *(
                f"    {word}: {{kernels: {_list(held.kernels)}, channels: {_list(held.channels)}}}"
                for word, held in made_on.products.items()
            ),
            f"  others: {_list(made_on.others)}",
            *([f"  host_wait: {made_on.host_wait:g}"] if made_on.host_wait else []),
        ]
    return "".join(f"{indent}{line}\n" for line in lines)


def _list(values: object) -> str:
    return f"[{', '.join(map(str, values))}]" if isinstance(values, tuple) else "[]"
