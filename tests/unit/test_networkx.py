"""Networks as networkx graphs: what is given out goes in again, and every mistake is told by node."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import networkx as nx
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import costsim
from costsim.errors import InputError
from costsim.graph import LayerGraph, NetBuilder, from_networkx, from_records
from costsim.graph import layers as L
from costsim.graph.options import LAYER_TYPES
from costsim.graph.spoken import ONE_A_CLASS, SPELLED_OUT
from costsim.networks import build, network_names
from tests.strategies import RECIPES, layer_graphs

SAMPLE = (
    "shufflenet_v2_1x",
    "shufflenet_v1_g3_1x",
    "condensenet_v2_a",
    "googlenet",
    "mobilenet_v3_small",
    "yolox_nano",
)

JUNK = st.one_of(
    st.none(), st.booleans(), st.integers(-3, 2**70), st.floats(), st.text(max_size=4), st.binary(max_size=2),
    st.sampled_from(["conv", "add", "relu", "3x3", "1x", "none", "()", {}, [], (), (1, "a"), [None], object]),
)  # fmt: skip


def same(a: LayerGraph, b: LayerGraph) -> bool:
    return (a.name, a.source, a.notes, list(a)) == (b.name, b.source, b.notes, list(b))


def through_node_link(graph: nx.DiGraph, path: Path) -> nx.DiGraph:
    return nx.node_link_graph(json.loads(json.dumps(nx.node_link_data(graph, edges="edges"))), edges="edges")


def through_graphml(graph: nx.DiGraph, path: Path) -> nx.DiGraph:
    nx.write_graphml(graph, path / "net.graphml")
    return nx.read_graphml(path / "net.graphml")


def through_gexf(graph: nx.DiGraph, path: Path) -> nx.DiGraph:
    nx.write_gexf(graph, path / "net.gexf")
    return nx.read_gexf(path / "net.gexf")


FORMATS = (through_node_link, through_graphml, through_gexf)


def assert_costs_are_kept(graph: LayerGraph, path: Path) -> None:
    plain = graph.to_networkx()
    assert same(from_networkx(plain), graph)
    before = costsim.analyze(graph, "arm_a53")
    for through in FORMATS:
        after = costsim.analyze(through(plain, path), "arm_a53")
        assert list(after.simulation.graph) == list(graph), through.__name__
        assert after.summary == before.summary
        assert after.layer_records == before.layer_records


@pytest.mark.parametrize("name", SAMPLE)
def test_a_network_costs_what_it_did_through_every_format(name: str, tmp_path: Path) -> None:
    assert_costs_are_kept(build(name), tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize("name", network_names())
def test_every_network_costs_what_it_did_through_every_format(name: str, tmp_path: Path) -> None:
    assert_costs_are_kept(build(name), tmp_path)


@given(graph=layer_graphs(layers=list(RECIPES), max_layers=12))
@settings(max_examples=150)
def test_every_layer_type_survives(graph: LayerGraph, tmp_path_factory: pytest.TempPathFactory) -> None:
    plain = graph.to_networkx()
    assert same(from_networkx(plain), graph)
    path = tmp_path_factory.mktemp("graphs")
    for through in FORMATS:
        assert list(from_networkx(through(plain, path))) == list(graph)


def test_the_costs_of_an_analysis_go_along(tmp_path: Path) -> None:
    analysis = costsim.analyze("squeezenet_1_1", "arm_a53")
    for through in FORMATS:
        again = costsim.analyze(through(analysis.to_networkx(), tmp_path), "arm_a53")
        assert again.layer_records == analysis.layer_records


def test_relabelled_copied_and_twice_reversed_graphs_are_the_same_network() -> None:
    graph = build("shufflenet_v2_1x")
    plain = graph.to_networkx()
    macs = graph.total_macs
    for changed in (plain.copy(), plain.reverse().reverse(), nx.convert_node_labels_to_integers(plain)):
        network = costsim.Network(changed)
        assert (network.macs, network.params) == (macs, graph.total_params)


def small() -> nx.DiGraph:
    """A network as a user writes it."""
    graph = nx.DiGraph(name="small")
    graph.add_node("image", op="input", shape=(1, 8, 16, 16))
    graph.add_node("reduce", op="conv", c_out=16, kernel=3, stride=2, groups=4, block="stage1")
    graph.add_node("spatial", op="depthwise_conv", kernel=3, block="stage1")
    graph.add_node("sum", op="add", block="stage1")
    graph.add_node("own", layer=L.Activation("swish"))
    nx.add_path(graph, ["image", "reduce", "spatial", "sum", "own"])
    graph.add_edge("reduce", "sum")
    return graph


def test_shapes_and_counts_are_inferred() -> None:
    graph = from_networkx(small())
    assert [node.shape for node in graph][1:] == [(1, 16, 8, 8)] * 4
    assert graph.total_macs == 8 * 8 * 16 * (2 * 9) + 8 * 8 * 16 * 9
    assert graph["sum"].inputs == ("spatial", "reduce")
    assert [node.block for node in graph] == ["", "stage1", "stage1", "stage1", ""]
    assert graph["own"].layer == L.Activation("swish")


def test_the_index_of_edges_orders_operands() -> None:
    graph = nx.DiGraph()
    graph.add_node("x", op="input", shape=[1, 2, 3])
    graph.add_node("y", op="linear", c_out=2, bias=False)
    graph.add_node("product", op="matmul")
    graph.add_edge("x", "y")
    graph.add_edge("x", "product", index=1)
    graph.add_edge("y", "product", index=0)
    assert from_networkx(graph)["product"].inputs == ("y", "x")
    graph.edges["y", "product"]["index"] = 2
    with pytest.raises(InputError, match="graph: product: the 'index' of its edges are 1, 2"):
        from_networkx(graph)
    del graph.edges["y", "product"]["index"]
    with pytest.raises(InputError, match="graph: product: only some of its edges"):
        from_networkx(graph)


def test_a_tensor_read_twice() -> None:
    graph = nx.MultiDiGraph()
    graph.add_node("x", op="input", shape=(1, 4, 4))
    graph.add_node("square", op="matmul")
    graph.add_edges_from([("x", "square"), ("x", "square")])
    network = from_networkx(graph)
    assert network["square"].inputs == ("x", "x")
    assert same(from_networkx(network.to_networkx()), network)


def test_layers_of_the_users_own() -> None:
    class Doubled(L.Activation):
        """Counts its arithmetic twice."""

        def loop_nest(self, inputs: Any, output: Any) -> Any:
            nest = super().loop_nest(inputs, output)
            return nest._replace(other_flops=2 * nest.other_flops)

    graph = small()
    graph.nodes["own"].clear()
    graph.nodes["own"].update(op="doubled", function="relu")
    network = from_networkx(graph, layers={"doubled": Doubled})
    assert network.loop_nest(network["own"]).flops == 2 * 16 * 64
    assert same(from_networkx(network.to_networkx()), network)


MISTAKES = {
    "unknown op": ({"reduce": {"op": "convv", "c_out": 4}}, "small: reduce: unknown op 'convv'; did you mean conv"),
    "missing field": ({"reduce": {"op": "conv", "kernel": 3}}, "small: reduce: conv lacks c_out"),
    "misspelt field": ({"reduce": {"op": "conv", "c_out": 4, "strides": 2}}, "reduce: unknown field of conv 'strides'"),
    "field of another op": ({"own": {"op": "relu", "kernel": 3}}, "small: own: relu has no kernel"),
    "wrong type": ({"reduce": {"op": "conv", "c_out": "many"}}, "small: reduce: 'c_out' cannot be 'many'"),
    "fraction": ({"reduce": {"op": "conv", "c_out": 4.5}}, "small: reduce: 'out_channels' cannot be 4.5"),
    "class": ({"own": {"layer": L.BatchNorm}}, "small: own: its 'layer' is <class"),
    "wrong shape": ({"spatial": {"op": "conv", "c_out": 8}}, "small: sum: shapes .* do not broadcast"),
    "indivisible": ({"reduce": {"op": "conv", "c_out": 6, "groups": 4}}, "small: reduce: 6 output channels"),
    "two inputs where one is due": ({"sum": {"op": "relu"}}, "small: sum: reads 1 tensor, got 2"),
    "block": ({"own": {"op": "relu", "block": 3}}, "small: own: its 'block' is 3"),
    "no shape": ({"image": {"op": "input"}}, "small: image: input lacks shape"),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_mistakes_are_told_by_node(mistake: str) -> None:
    changes, message = MISTAKES[mistake]
    graph = small()
    for node, attributes in changes.items():
        graph.nodes[node].clear()
        graph.nodes[node].update(attributes)
    with pytest.raises(InputError, match=message):
        costsim.analyze(graph, "arm_a53")


def test_graphs_that_are_no_networks() -> None:
    cyclic = small()
    cyclic.add_edge("sum", "spatial")
    with pytest.raises(InputError, match="a cycle: sum -> spatial -> sum"):
        from_networkx(cyclic)
    misspelt = small()
    misspelt.add_edge("reduced", "sum")
    with pytest.raises(
        InputError, match="small: reduced: carries no layer; only an edge names it: did you mean reduce"
    ):
        from_networkx(misspelt)
    with pytest.raises(InputError, match="has no input"):
        from_networkx(nx.DiGraph())
    with pytest.raises(InputError, match="have no direction"):
        costsim.analyze(small().to_undirected(), "arm_a53")
    with pytest.raises(InputError, match="own: reads 1 tensor, got 0"):
        from_networkx(small().reverse())
    with pytest.raises(InputError, match="sum: reads one or more tensors, got 0"):
        from_networkx(small().subgraph(["sum", "own"]))
    with pytest.raises(InputError, match="spatial: holds several layers contracted"):
        from_networkx(nx.contracted_nodes(small(), "spatial", "own", self_loops=False))
    twins = small()
    twins.add_nodes_from([1, "1"], op="relu")
    with pytest.raises(InputError, match="small: 1: two nodes have this name"):
        from_networkx(twins)


@st.composite
def damaged_graphs(draw: Any) -> nx.DiGraph:
    """A network with some of its edges and attributes lost, exchanged or overwritten."""
    graph = draw(layer_graphs(max_layers=6)).to_networkx()
    nodes = list(graph)
    for _ in range(draw(st.integers(1, 4))):
        node, other = draw(st.sampled_from(nodes)), draw(st.sampled_from(nodes))
        attributes = graph.nodes[node]
        match draw(st.sampled_from(["edge", "cut", "lose", "overwrite", "exchange", "index"])):
            case "edge":
                graph.add_edge(other, node)
            case "cut":
                graph.remove_edges_from(list(graph.in_edges(node)))
            case "lose" if attributes:
                del attributes[draw(st.sampled_from(sorted(attributes)))]
            case "overwrite" if attributes:
                attributes[draw(st.sampled_from(sorted(attributes)))] = draw(JUNK)
            case "exchange":
                attributes["op"] = draw(
                    st.sampled_from(["conv", "linear", "matmul", "pad", "reshape", "slice", "bogus"])
                )
            case "index":
                for edge in graph.in_edges(node):
                    graph.edges[edge]["index"] = draw(JUNK)
    return graph


@given(damaged_graphs())
@settings(max_examples=400)
def test_damaged_graphs_are_read_or_refused(graph: nx.DiGraph) -> None:
    read_or_refused(graph)


@pytest.mark.slow
@given(damaged_graphs())
@settings(max_examples=10_000)
def test_ten_thousand_damaged_graphs_are_read_or_refused(graph: nx.DiGraph) -> None:
    read_or_refused(graph)


def read_or_refused(graph: nx.DiGraph) -> None:
    try:
        costsim.analyze(graph, "arm_a53")
    except InputError as error:
        assert "\n" not in str(error)


def test_a_table_is_a_network() -> None:
    records = [
        {"name": "image", "op": "input", "shape": "1x3x32x32"},
        {"name": "stem", "op": "conv", "c_out": 8, "kernel": 3, "stride": 2},
        {"op": "relu"},
        {"name": "spatial", "op": "depthwise_conv", "kernel": 3, "block": "stage1"},
        {"name": "sum", "op": "add", "inputs": "spatial, stem", "block": "stage1"},
    ]
    plain = from_records(records, "table")
    assert [node.name for node in plain] == ["image", "stem", "relu_2", "spatial", "sum"]
    assert plain["sum"].inputs == ("spatial", "stem")
    assert plain["spatial"].shape == (1, 8, 16, 16)
    assert same(from_records(pd.DataFrame(records), "table"), plain)  # empty cells are NaN, numbers floats
    with pytest.raises(InputError, match="table: sum: reads 'stam', which is not there; did you mean stem"):
        from_records([*records[:4], {"name": "sum", "op": "add", "inputs": ["spatial", "stam"]}])
    with pytest.raises(InputError, match="row 1: the name 'image' is used twice"):
        from_records([records[0], records[0]])
    for junk in (3, "text", {"op": "conv"}, [1], None):
        with pytest.raises(InputError):
            from_records(junk)


def test_a_design_space_is_no_single_network() -> None:
    net = NetBuilder("many")
    net.conv(net.input(1, 3, 8, 8), np.array([8, 16]))
    with pytest.raises(InputError, match="many networks at once"):
        from_networkx(net.graph.to_networkx())


def test_the_examples_of_the_page_run(capsys: pytest.CaptureFixture[str]) -> None:
    page = (Path(__file__).parents[2] / "docs" / "networkx.md").read_text(encoding="utf-8")
    names: dict[str, Any] = {}
    for code in page.split("```python\n")[1:]:
        exec(code.partition("```")[0], names)
    assert capsys.readouterr().out.count("\nlatency ") == 2


def test_every_layer_has_a_word() -> None:
    kinds = {*ONE_A_CLASS.values(), *SPELLED_OUT.values(), L.Add, L.Multiply}
    assert kinds == set(LAYER_TYPES.values())
