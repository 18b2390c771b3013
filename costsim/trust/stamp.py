"""Writing what a card was made on into the file of its profile."""

from __future__ import annotations

import re
from pathlib import Path

from costsim.files import read_text, write_text
from costsim.hardware.calibration import MadeOn

_CARD = re.compile(r"^calibration:.*\n(?:[ \t]+.*\n|[ \t]*\n(?=[ \t]))*", re.MULTILINE)
_STAMP = re.compile(r"^  made_on:.*\n(?:    .*\n)*", re.MULTILINE)


def stamped(text: str, made_on: MadeOn) -> str:
    """The text of a profile with ``made_on`` in its card, in place of the one there was; all else stays as it is."""
    text = text if text.endswith("\n") else text + "\n"
    card = _CARD.search(text)
    if card is None:
        return f"{text}calibration:\n{_block(made_on)}"
    own = _STAMP.sub("", card.group()).rstrip("\n") + "\n"
    return text[: card.start()] + own + _block(made_on) + text[card.end() :]


def stamp(path: Path, made_on: MadeOn) -> None:
    """Write it into a file.

    Raises:
        InputError: the file cannot be read or written.
    """
    write_text(path, stamped(read_text(path), made_on))


def _block(made_on: MadeOn) -> str:
    lines = ["  made_on:", f"    fingerprint: '{made_on.fingerprint}'"]
    if made_on.measurements:
        lines += [
            f"    measurements: {made_on.measurements}",
            *(f"    {name}: {_list(getattr(made_on, name))}" for name in ("threads", "dtypes", "batches", "pixels")),
            f"    op_classes: {{{', '.join(f'{name}: {share:g}' for name, share in made_on.op_classes.items())}}}",
            "    products:",
            *(
                f"      {word}: {{kernels: {_list(held.kernels)}, channels: {_list(held.channels)}}}"
                for word, held in made_on.products.items()
            ),
            f"    others: {_list(made_on.others)}",
        ]
    return "\n".join(lines) + "\n"


def _list(values: object) -> str:
    return f"[{', '.join(map(str, values))}]" if isinstance(values, tuple) else "[]"
