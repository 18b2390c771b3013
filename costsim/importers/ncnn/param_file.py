"""Reading ncnn's text format: a magic number, two counts, and one line a layer."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from costsim.errors import InputError
from costsim.files import read_text

MAGIC = "7767517"

ARRAY_KEY_BASE = -23300
"""Keys at or below it hold arrays: ``-23303=2,1,2`` is key 3 with the two values 1 and 2."""

SHAPE_HINTS = 30
"""The array key that lists (dims, w, h, c) of every output blob."""

ABSENT = -233
"""What ncnn writes for a size that is not given."""


@dataclass(frozen=True)
class ParamLayer:
    """One line: ``type name input_count output_count inputs... outputs... key=value...``."""

    type: str
    name: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    line: int
    values: dict[int, float] = field(default_factory=dict)
    arrays: dict[int, tuple[float, ...]] = field(default_factory=dict)
    texts: dict[int, str] = field(default_factory=dict)

    def integer(self, key: int, default: int = 0) -> int:
        return int(self.values.get(key, default))

    def number(self, key: int, default: float = 0.0) -> float:
        return float(self.values.get(key, default))

    def integers(self, key: int) -> tuple[int, ...]:
        return tuple(int(v) for v in self.arrays.get(key, ()))

    def pair(self, key_w: int, key_h: int, default: int = 0) -> tuple[int, int]:
        """(vertical, horizontal); ncnn stores the horizontal value first and often only that."""
        horizontal = self.integer(key_w, default)
        return self.integer(key_h, horizontal), horizontal

    def shape_hints(self) -> list[tuple[int, ...]]:
        """Shapes of the outputs, outermost dimension first and without batch; none if not in the file."""
        flat = self.integers(SHAPE_HINTS)
        groups = [flat[i : i + 4] for i in range(0, len(flat), 4)]
        return [tuple(reversed(sizes[:dims])) for dims, *sizes in groups if 0 < dims <= 3]


def read_param_file(path: Path) -> list[ParamLayer]:
    """The layers of a .param file, in order.

    Raises:
        InputError: not ncnn's text format, cut short, or a line that cannot be understood.
    """
    lines = read_text(path, mend="give the text .param file").splitlines()
    rows = [(number, line.split()) for number, line in enumerate(lines, start=1) if line.strip()]
    if not rows or rows[0][1] != [MAGIC]:
        found = " ".join(rows[0][1])[:40] if rows else "nothing"
        raise InputError(
            f"not an ncnn .param file: it must start with {MAGIC}, found {found}",
            where=str(path),
            mend="convert older files with ncnn's 'ncnnoptimize'",
        )
    if len(rows) < 2 or len(rows[1][1]) != 2 or not all(word.isdecimal() for word in rows[1][1]):
        raise InputError("its second line must hold two counts", where=f"{path}:2", mend="export it again")
    layer_count, blob_count = (int(word) for word in rows[1][1])
    layers = [_layer(words, number, path) for number, words in rows[2 : 2 + layer_count]]  # ncnn reads no further
    blobs = sum(len(layer.outputs) for layer in layers)
    if len(layers) != layer_count or blobs != blob_count:
        raise InputError(
            f"announces {layer_count} layers and {blob_count} blobs; reading them finds {len(layers)} and {blobs}",
            where=str(path),
            mend="the file is cut short or was edited; export it again",
        )
    return layers


def _layer(words: list[str], line: int, path: Path) -> ParamLayer:
    try:
        kind, name, input_count, output_count, *rest = words
        if kind.startswith("pnnx."):
            raise InputError(
                "pnnx's own graph, not ncnn's",
                where=f"{path}:{line}",
                mend="give the .ncnn.param file pnnx writes beside",
            )
        inputs, outputs = int(input_count), int(output_count)
        if inputs < 0 or outputs < 0 or len(rest) < inputs + outputs:
            raise ValueError(f"{inputs} inputs and {outputs} outputs announced")
        layer = ParamLayer(kind, name, tuple(rest[:inputs]), tuple(rest[inputs : inputs + outputs]), line)
        for word in rest[inputs + outputs :]:
            _read_entry(word, layer)
    except ValueError as error:
        raise InputError(
            f"not a layer line: {error}", where=f"{path}:{line}", mend="the line is cut short or damaged"
        ) from None
    return layer


def _read_entry(word: str, layer: ParamLayer) -> None:
    key_text, _, value_text = word.partition("=")
    key = int(key_text)
    if value_text.startswith('"'):
        layer.texts[key] = value_text.strip('"')
        return
    if key > ARRAY_KEY_BASE:
        layer.values[key] = _number(value_text)
        return
    count, *values = value_text.split(",")
    if int(count) != len(values):
        raise ValueError(f"{word[:60]} announces {count} values and holds {len(values)}")
    layer.arrays[ARRAY_KEY_BASE - key] = tuple(_number(v) for v in values)


def _number(text: str) -> float:
    """Whole numbers stay exact integers."""
    try:
        return int(text)
    except ValueError:
        return float(text)
