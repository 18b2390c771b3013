"""Files for Google's Model Explorer: the network as a graph, and costs to colour its nodes by.

Formats: ``GraphCollection`` and ``ModelNodeData`` of the ai-edge-model-explorer package 0.1.34
(graph_builder.py, node_data_builder.py). Node ids are layer names, so that the node data also
fits a model file whose node names the layers were imported from.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from costsim.files import make_folder, write_text
from costsim.report.words import shape
from costsim.units import format_milliseconds

if TYPE_CHECKING:
    from costsim.analysis import Analysis

METRICS = {"latency_ms": "latency [ms]", "dram_bytes": "DRAM traffic [B]", "macs": "MACs"}

GRADIENT = [{"stop": 0, "bgColor": "#ffffff"}, {"stop": 0.5, "bgColor": "#7fb2d9"}, {"stop": 1, "bgColor": "#00457c"}]


def write_model_explorer(analysis: Analysis, folder: str | Path) -> list[Path]:
    """Write ``graph.json`` and one file per metric into ``folder``, which is made.

    Raises:
        InputError: it cannot be written.
    """
    folder = make_folder(folder)
    files = {"graph": graph_collection(analysis)} | {metric: node_data(analysis, metric) for metric in METRICS}
    for name, content in files.items():
        write_text(folder / f"{name}.json", json.dumps(content, allow_nan=False))
    return [folder / f"{name}.json" for name in files]


def graph_collection(analysis: Analysis) -> dict[str, Any]:
    """The network: a node a layer, namespaces from blocks."""
    graph = analysis.simulation.graph
    records = {layer: record for record in analysis.layer_records for layer in record["layers"]}
    nodes = []
    for node in graph:
        attributes = {"op": node.layer.op, "output": shape(node.shape)} | _cost_attributes(records.get(node.name))
        edges = [
            {"sourceNodeId": name, "sourceNodeOutputId": "0", "targetNodeInputId": str(i)}
            for i, name in enumerate(node.inputs)
        ]
        nodes.append(
            {
                "id": node.name,
                "label": node.layer.op,
                "namespace": node.block.replace(".", "/"),
                "attrs": [{"key": key, "value": value} for key, value in attributes.items()],
                "incomingEdges": edges,
            }
        )
    return {"label": f"{analysis.network} on {analysis.hardware}", "graphs": [{"id": graph.name, "nodes": nodes}]}


def _cost_attributes(record: dict[str, Any] | None) -> dict[str, str]:
    if record is None:
        return {"runs": "never: a view, or nothing to do"}
    return {
        "runs in": record["name"],
        "latency": format_milliseconds(record["latency_ms"]),
        "bound by": record["bound"],
    }


def node_data(analysis: Analysis, metric: str) -> dict[str, Any]:
    """One metric by layer; an op's value stands at its first layer."""
    results = {record["layers"][0]: {"value": record[metric]} for record in analysis.layer_records}
    return {analysis.network: {"name": METRICS[metric], "results": results, "gradient": GRADIENT}}
