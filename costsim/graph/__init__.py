"""Networks in the author's words: layers, and how tensors flow between them."""

from costsim.graph.builder import NetBuilder, Tensor
from costsim.graph.digraph import from_networkx, from_records
from costsim.graph.layergraph import LayerGraph, Node

__all__ = ["LayerGraph", "NetBuilder", "Node", "Tensor", "from_networkx", "from_records"]
