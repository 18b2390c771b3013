"""Sizes of a network's inputs: what its file says, what is asked for, open dimensions bound. For every door."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence

from costsim.errors import InputError, unknown_name
from costsim.graph.resize import InputSize, by_name

_BATCH = re.compile(r"(n|b|bs|\?|none|-1|unk__\d+|.*batch.*)", re.IGNORECASE)
"""What exporters call the axis of images."""


class Sizes:
    """Binds one input after the other; the first is the image, the asked size and batch are its own.

    Dimensions of one name have one size. Other inputs take the batch where their first dimension has the name of the
    image's or is open, and take the asked size for the dimensions they leave open, if they have as many.
    """

    def __init__(self, asked: InputSize, batch: int | None, note: Callable[[str], None] | None = None) -> None:
        self._take_sizes(asked)
        self.batch = batch
        self.note = note or (lambda text: None)
        self.named: dict[str, int] = {}
        self.is_first = True

    def _take_sizes(self, asked: InputSize) -> None:
        self.given = asked
        self.by_name = dict(asked) if isinstance(asked, Mapping) else {}
        self.asked = None if asked is None or isinstance(asked, Mapping) else tuple(asked)

    def check_names(self, names: Sequence[str]) -> None:
        """Give the sizes of a list their names, and refuse those of inputs that the network does not have.

        Raises:
            InputError: it names those it has.
        """
        self._take_sizes(by_name(self.given, names))
        for name in self.by_name:
            if name not in names:
                raise unknown_name("input", name, names, where="--input-size")

    def shape(self, name: str, dims: Sequence[int], labels: Sequence[str] = ()) -> tuple[int, ...]:
        """The shape of one input from what the file says: 0 or less is open, ``labels`` are the names of open ones.

        Raises:
            InputError: it has another rank than the asked size, or dimensions nobody gave.
        """
        labels = [*labels] or [""] * len(dims)
        bound = [d if d > 0 else self.named.get(label, 0) for d, label in zip(dims, labels, strict=True)]
        if name in self.by_name:
            self._take_named(name, bound)
        elif self.is_first:
            self._take(bound)
        elif self.asked and len(self.asked) == len(bound) - 1:
            bound[1:] = [d or asked for d, asked in zip(bound[1:], self.asked, strict=True)]
        is_vector = self.is_first and len(bound) == 1 and bool(labels[0]) and not _BATCH.fullmatch(labels[0])
        self.is_first = False
        if bound and not bound[0] and (self.batch or not is_vector):
            bound[0] = self.batch or 1
            if not self.batch and len(bound) != 4 and labels[0] and not _BATCH.fullmatch(labels[0]):
                self.note(
                    f"input '{name}': its open axis {labels[0]} is taken to be a batch of 1; give --batch or a size"
                )
        if 0 in bound:
            raise self._open(name, bound, labels)
        self.named.update({label: d for label, d in zip(labels, bound, strict=True) if label})
        return tuple(bound) or (1,)

    def _take_named(self, name: str, bound: list[int]) -> None:
        size = self.by_name[name]
        if len(size) == len(bound):
            bound[:] = size
        elif len(size) == len(bound) - 1:
            bound[1:] = size
        else:
            raise self._rank(size, bound)
        fixed = not self.is_first and bound and bound[0] > 1  # layers of a state, boxes: no images
        if bound and self.batch and len(size) < len(bound) and not fixed:
            bound[0] = self.batch

    def _take(self, bound: list[int]) -> None:
        size = self.asked
        whole = len(bound) == 1 or (len(bound) == 3 and bound[0])  # a vector, or an image without a batch axis
        if size is not None and len(size) == len(bound) and whole and not self.batch:
            bound[:] = size
            return
        if size is not None:
            if len(size) != len(bound) - 1:
                raise self._rank(size, bound)
            bound[1:] = size
        if len(bound) == 1 and bound[0] and self.batch:
            raise InputError("a batch for a vector of fixed length", mend="leave the batch out")
        if bound and self.batch:
            bound[0] = self.batch

    def _rank(self, size: Sequence[int], bound: Sequence[int]) -> InputError:
        text = "x".join(map(str, size))
        return InputError(f"an input size of {text} for {len(bound)} dimensions", mend="give all but the batch")

    def _open(self, name: str, bound: Sequence[int], labels: Sequence[str]) -> InputError:
        names = ", ".join(label or str(i) for i, (label, d) in enumerate(zip(labels, bound, strict=True)) if not d)
        first = 0 if len(bound) == 1 else 1
        example = "x".join(
            str(d) if d else label or "?" for d, label in zip(bound[first:], labels[first:], strict=True)
        )
        by_name = example if self.is_only else f"{name}={example}"
        return InputError(f"leaves dimensions open: {names}", mend=f"give them: --input-size {by_name}")

    is_only = True
    """Whether the network has one input, whose name need not be said."""
