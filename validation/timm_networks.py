"""The networks behind timm's throughputs, read through torch and kept as files of this package.

Names ending in ``+fused`` had their parallel branches folded into one convolution before they were measured: the rows
of the RTX 5090 print the multiply-accumulates of folded networks.

``python -m validation.timm_networks`` reads those again that ``data/timm.csv`` names, with the PyPI packages timm and
torch; a network takes 5 to 30 seconds. No weights are loaded: modules are made on torch's device ``meta``.
"""

from __future__ import annotations

import sys
from functools import cache
from pathlib import Path

import pandas as pd

from costsim.graph import LayerGraph
from costsim.network import Network
from validation.kept_networks import KeptNetworks
from validation.torchvision_operators import declare_box_operators

DATA = Path(__file__).parent / "data"
ROWS = DATA / "timm.csv"
NETWORKS = KeptNetworks(DATA / "timm_networks.zip")


@cache
def network(name: str) -> LayerGraph:
    """The graph of a row's network, at the batch it was read with."""
    return NETWORKS.graph(name)


def read(model: str, side: int, batch: int, *, fused: bool = False) -> LayerGraph:
    """The graph of a model of timm, read through ``torch.export``; ``fused`` folds its branches first."""
    import torch

    declare_box_operators()
    import timm

    with torch.device("cpu" if fused else "meta"):
        try:
            module = timm.create_model(model, img_size=side)
        except TypeError:  # convolutional networks take any size
            module = timm.create_model(model)
    if fused:
        module = timm.utils.model.reparameterize_model(module.eval()).to("meta")
    return Network(module.eval(), input_size=(3, side, side), batch=batch).graph


def main(arguments: list[str]) -> None:
    """Read all networks again, or those named, and write the file anew."""
    rows = pd.read_csv(ROWS).drop_duplicates("network")
    for name, model, side, batch in zip(rows.network, rows.model, rows.side, rows.graph_batch, strict=True):
        if arguments and name not in arguments:
            continue
        NETWORKS.add({name: read(model, side, batch, fused=name.endswith("+fused"))})
        print(name, flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
