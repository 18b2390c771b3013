"""ncnn ``.param`` files: the text half of a network for Tencent's ncnn (weights are not needed).

Blobs have no batch there; here the batch stands in front. Activations that ncnn runs inside a
layer become layers of their own, to be fused again by whatever device is asked about. Shape
hints, where the file has them, are checked against what is inferred.
"""

from __future__ import annotations

from pathlib import Path

from costsim.graph import LayerGraph
from costsim.graph.resize import InputSize
from costsim.importers.importer import Importer


def load_ncnn(path: Path, input_size: InputSize = None, batch: int | None = None) -> LayerGraph:
    """The network in a .param file.

    Args:
        path: the file.
        input_size: (channels, height, width) in place of the size in the file, if that has one.
        batch: images at a time; 1 if left out.

    Raises:
        InputError: the file is damaged, an input has no size, or shapes do not fit.
    """
    from costsim.importers.ncnn.reader import read  # files of other formats do without all of ncnn's layers

    return read(path, input_size, batch)


IMPORTER = Importer("ncnn", suffixes=(".param",), load=load_ncnn)
