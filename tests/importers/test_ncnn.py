"""The benchmark networks of ncnn, and files that are damaged."""

from __future__ import annotations

import csv
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from costsim.errors import InputError
from costsim.graph import LayerGraph
from costsim.graph import layers as L
from costsim.importers import load_network
from costsim.lowering import lower

DATA = Path(__file__).parents[2] / "validation" / "data" / "ncnn"

with (DATA / "networks.csv").open(encoding="utf-8") as lines:
    NETWORKS = list(csv.DictReader(lines))

WITHOUT_SIZE = {"FastestDet", "vision_transformer"}
"""Files whose input has no size."""


def load(row: dict[str, str]) -> LayerGraph:
    side = int(row["input_hw"])
    size = (3, side, side) if row["network"] in WITHOUT_SIZE else None
    return load_network(DATA / "param" / f"{row['network']}.param", size)


def weights(graph: LayerGraph) -> int:
    """What a .param file counts as weights: no biases, no constants."""
    total = 0
    for node in graph:
        biased = getattr(node.layer, "bias", False)
        if isinstance(node.layer, (L.Conv2d, L.ConvTranspose2d, L.Linear)):
            features = node.layer.out_features if isinstance(node.layer, L.Linear) else node.layer.out_channels
            total += graph.params(node) - (features if biased else 0)
    return total


@pytest.mark.parametrize("row", NETWORKS, ids=lambda row: row["network"])
def test_benchmark_network_has_the_published_counts(row: dict[str, str]) -> None:
    graph = load(row)
    assert graph.source == "ncnn"
    if float(row["mmacs"]):
        assert graph.total_macs / 1e6 == pytest.approx(float(row["mmacs"]), abs=0.005)
        assert weights(graph) / 1e6 == pytest.approx(float(row["mparams"]), abs=0.0005)


@pytest.mark.parametrize("row", NETWORKS, ids=lambda row: row["network"])
def test_lowering_loses_no_parameter(row: dict[str, str]) -> None:
    graph = load(row)
    ops = lower(graph, fusion={"conv": ("relu",)}, views=("reshape",), elem_bytes=4, weight_elem_bytes=4)
    assert ops.params.sum() == graph.total_params


def test_vision_transformer_has_its_known_size() -> None:
    graph = load(next(row for row in NETWORKS if row["network"] == "vision_transformer"))
    # ViT-B/32 at 384 (Dosovitskiy et al., arXiv 2010.11929): 88.3 M parameters
    assert graph.total_params == 88_297_192
    tokens, width, layers, heads_products = 145, 768, 12, 2 * 145 * 145 * 768
    block = tokens * width * width * (4 + 8) + heads_products
    assert graph.total_macs == 144 * 3 * 32 * 32 * width + layers * block + width * 1000


def test_detection_heads_stay_visible() -> None:
    graph = load(next(row for row in NETWORKS if row["network"] == "mobilenet_ssd"))
    assert [node.layer.type_name for node in graph.unknown] == ["DetectionOutput"]
    assert "DetectionOutput" in graph.notes[0]


@pytest.mark.parametrize(("network", "boxes"), [("yolov4-tiny", 2535), ("yolo-fastest-1.1", 0), ("mobilenet_ssd", 0)])
def test_heads_compare_all_boxes_or_none(network: str, boxes: int) -> None:
    """A third, the score of zeros, passes the threshold of 0.3 but not that of 0.55; 1 / 21 does not pass 0.25."""
    (head,) = load(next(row for row in NETWORKS if row["network"] == network)).unknown
    compared = boxes * (boxes - 1) // 2
    assert head.layer.flops >= 6 * compared
    assert head.layer.flops - 6 * compared < 1_000_000


def test_names_become_blocks() -> None:
    graph = load(next(row for row in NETWORKS if row["network"] == "googlenet"))
    assert graph["inception_3a/3x3"].block == "inception_3a"
    assert graph["inception_3a/3x3.relu"].block == "inception_3a"


def test_input_size_and_batch_replace_those_of_the_file() -> None:
    graph = load_network(DATA / "param" / "mobilenet_v2.param", (3, 160, 160), 4)
    assert graph.input_shape == (4, 3, 160, 160)
    assert load_network(DATA / "param" / "mobilenet_v2.param", batch=4).input_shape == (4, 3, 224, 224)


def test_windows_that_hang_over_the_edge() -> None:
    """A window wholly in the padding: ncnn computes it, ceil_mode would not."""
    graph = _load("Input x 0 1 a 0=4 1=4 2=1", "Pooling p 1 1 a b 0=0 1=1 2=3 3=1 5=0")
    assert graph["p"].shape == (1, 1, 3, 3)
    assert graph["p"].layer == L.Pool2d(1, 3, (1, 2, 1, 2))


def _load(*lines: str, counts: str | None = None, magic: str = "7767517") -> LayerGraph:
    blobs = sum(int(line.split()[3]) for line in lines)
    with TemporaryDirectory() as folder:
        path = Path(folder) / "net.param"
        path.write_text("\n".join([magic, counts or f"{len(lines)} {blobs}", *lines]))
        return load_network(path)


INPUT = "Input data 0 1 data 0=8 1=8 2=4"
CONV = "Convolution conv 1 1 data out 0=8 1=3 4=1 6=288"


@pytest.mark.parametrize(
    ("lines", "options", "message"),
    [
        ([INPUT, CONV], {"magic": "7767516"}, "must start with 7767517"),
        ([INPUT, CONV], {"counts": "3 3"}, "announces 3 layers and 3 blobs; reading them finds 2 and 2"),
        ([INPUT, CONV], {"counts": "2"}, "second line must hold two counts"),
        ([INPUT, CONV.replace("1 1 data out", "7 1 data out")], {"counts": "2 2"}, "net.param:4: not a layer line"),
        ([INPUT, CONV.replace("0=8", "0=eight")], {}, "net.param:4: not a layer line"),
        ([INPUT, CONV.replace("data out", "date out")], {}, r"Convolution 'conv': reads 'date', which nothing before"),
        ([INPUT, CONV.replace("data out", "out out")], {}, r"Convolution 'conv': reads 'out', which nothing before"),
        ([INPUT, CONV, CONV.replace("conv", "again")], {}, r"Convolution 'again': writes 'out', which is already"),
        ([INPUT, CONV, CONV.replace(" out", " new")], {}, r"Convolution 'conv': the name is used twice"),
        ([INPUT, CONV.replace("288", "289")], {}, "stores 289 weights where its input needs 288"),
        ([INPUT, CONV + " -23330=4,3,9,8,8"], {}, "says its output is 8x8x9, inferred 8x8x8"),
        ([INPUT.replace("0=8 1=8 2=4", ""), CONV], {}, "input has no size; give one: --input-size"),
        ([INPUT.replace("0=8", "0=-8"), CONV], {}, "negative size"),
        ([INPUT, CONV.replace("1=3", "1=0")], {}, "kernel, stride and dilation must be positive"),
        ([INPUT, CONV + " 9=77"], {}, "unknown activation type 77"),
        ([INPUT, "Slice cut 1 2 data a b -23300=1,4"], {}, "1 sizes for 2 outputs"),
        ([INPUT], {}, "the network has no layers"),
        ([CONV.replace("1 1 data", "0 1")], {}, "Convolution 'conv'"),
    ],
)
def test_a_damaged_file_is_refused_in_one_line(lines: list[str], options: dict[str, str], message: str) -> None:
    with pytest.raises(InputError, match=message) as caught:
        _load(*lines, **options)
    assert "\n" not in str(caught.value)


def test_an_unknown_layer_is_kept_and_named() -> None:
    graph = _load(INPUT, CONV, "Mystery what 1 1 out end -23330=4,3,2,2,8")
    assert graph["what"].layer == L.Unknown("Mystery", (1, 8, 2, 2))
    assert graph.notes == ("unknown ops, bytes counted but not arithmetic: Mystery",)


def test_a_file_that_is_not_there_or_of_no_known_type(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such file"):
        load_network(tmp_path / "net.param")
    with pytest.raises(InputError, match=r"unknown network file type '.parm'; did you mean .param"):
        load_network(tmp_path / "net.parm")
    with pytest.raises(InputError, match="no such file"):
        load_network(tmp_path / "net.tflite")
    with pytest.raises(InputError, match="no importer takes a int"):
        load_network(3)
