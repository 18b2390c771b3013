"""Sizes of the inputs of an ONNX graph: what the file says, what is asked for, open dimensions bound."""

from __future__ import annotations

from typing import TYPE_CHECKING

from costsim.errors import InputError

if TYPE_CHECKING:
    from onnx import ValueInfoProto


class Sizes:
    """Binds one input after the other; the first is the image, the asked size and batch are its own.

    Dimensions of one name have one size. Other inputs take the batch where their first dimension has the name of the
    image's or is open, and take the asked size for the dimensions they leave open, if they have as many.
    """

    def __init__(self, input_size: tuple[int, ...] | None, batch: int | None) -> None:
        self.input_size = input_size
        self.batch = batch
        self.named: dict[str, int] = {}
        self.is_first = True

    def shape(self, info: ValueInfoProto) -> tuple[int, ...]:
        """The shape of one input.

        Raises:
            InputError: it has no shape, another rank than the asked size, or dimensions nobody gave.
        """
        if not info.type.tensor_type.HasField("shape"):
            raise InputError("the input has no shape", mend="export it with one")
        entries = info.type.tensor_type.shape.dim
        dims = [d.dim_value if d.dim_value > 0 else self.named.get(d.dim_param, 0) for d in entries]
        if self.is_first:
            self._take(dims)
        elif self.input_size and len(self.input_size) == len(dims) - 1:
            dims[1:] = [d or asked for d, asked in zip(dims[1:], self.input_size, strict=True)]
        if dims and not dims[0]:
            dims[0] = self.batch or 1
        self.is_first = False
        if 0 in dims:
            open_names = ", ".join(e.dim_param or str(i) for i, e in enumerate(entries) if not dims[i])
            example = "x".join(str(d) if d else e.dim_param or "?" for d, e in zip(dims[1:], entries[1:], strict=True))
            raise InputError(f"leaves dimensions open: {open_names}", mend=f"give them: --input-size {example}")
        self.named.update({e.dim_param: d for e, d in zip(entries, dims, strict=True) if e.dim_param})
        return tuple(dims) or (1,)

    def _take(self, dims: list[int]) -> None:
        size = self.input_size
        if size is not None and len(size) == len(dims) and len(dims) == 3 and not (dims[0] == 0 or self.batch):
            dims[:] = size  # an image without a batch axis
            return
        if size is not None:
            if len(size) != len(dims) - 1:
                text = "x".join(str(d) for d in size)
                raise InputError(f"an input size of {text} for {len(dims)} dimensions", mend="give all but the batch")
            dims[1:] = size
        if dims and self.batch:
            dims[0] = self.batch
