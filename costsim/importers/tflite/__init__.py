"""TFLite files: what embedded runtimes, NPU compilers and microcontrollers are handed.

Maps are written (n, h, w, c) there; here they are (n, c, h, w) without a transposition between.
Weights are known by their shapes; whatever depends on constants and shapes alone is computed while
reading. Needs the package tflite (extra ``[tflite]``), a few hundred kilobytes of pure Python.
"""

from __future__ import annotations

from pathlib import Path

from costsim.graph import LayerGraph
from costsim.graph.quantised import IN_FLOAT
from costsim.graph.resize import InputSize
from costsim.importers.importer import Importer


def load_tflite(path: Path, input_size: InputSize = None, batch: int | None = None) -> LayerGraph:
    """The network in a TFLite file: its first subgraph.

    Args:
        path: the file.
        input_size: (channels, height, width) in place of the size in the file.
        batch: images at a time; what the file says, or 1, if left out.

    Raises:
        InputError: the package tflite is missing, the file is damaged, or its shapes contradict each
            other; names file and op.
    """
    from costsim.importers.patterns import simplify
    from costsim.importers.tflite.flatfile import read_model
    from costsim.importers.tflite.reader import Reader
    from costsim.importers.writer import GraphWriter

    model = read_model(path)
    reader = Reader(model, model.graphs[0], GraphWriter(path.stem, source="tflite", where=str(path)))
    reader.bind_inputs(input_size, batch)
    reader.run()
    reader.writer.hand_out(reader.values.get(i) for i in model.graphs[0].outputs)
    if (input_size, batch) == (None, None):
        reader.check_outputs()
    reader.writer.note_difference(reader.held(), "the file")
    types = {t.dtype for t in model.graphs[0].tensors if not t.is_stored}
    if "FLOAT32" in types and not types & {"INT8", "UINT8"}:
        reader.writer.note(IN_FLOAT)
    return reader.writer.finish(simplify)


IMPORTER = Importer("tflite", suffixes=(".tflite",), load=load_tflite)
