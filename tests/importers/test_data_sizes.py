"""Sizes that only the data decide: the network before them is priced in full; with a limit, what follows as well."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

import costsim
from costsim.errors import InputError
from costsim.importers import load_network
from tests.importers.test_onnx_weights import graph_of, node, weight

torch = pytest.importorskip("torch")
nn = torch.nn

CONV_MACS = 32 * 32 * 4 * 27


class Head(nn.Module):  # type: ignore[misc]
    """A convolution, and a function of its map whose course depends on the data."""

    def __init__(self, after: Callable[[Any, Any], Any]) -> None:
        super().__init__()
        self.conv, self.fc, self.after = nn.Conv2d(3, 4, 3, padding=1), nn.Linear(4, 5, bias=False), after

    def forward(self, x: Any) -> Any:
        return self.after(self, self.conv(x).flatten(2)[0])


def by_mask(self: Any, y: Any) -> Any:
    kept = y[:, y[0] > 0]
    return self.fc(kept.T) if kept.numel() > 50 else kept.T


def by_places(self: Any, y: Any) -> Any:
    (places,) = torch.where(y[0] > 0)
    return self.fc(y[:, places].T)[: min(len(places), 7)]


def by_nonzero(self: Any, y: Any) -> Any:
    rows = torch.nonzero(y[0] > 0).squeeze(1)
    return self.fc(y.index_select(1, rows).T)


def by_selection(self: Any, y: Any) -> Any:
    chosen = torch.masked_select(y[0], y[0] > 0)
    if chosen.shape[0] > 3:
        return self.fc(chosen[:4].reshape(1, 4))
    return chosen


def by_classes(self: Any, y: Any) -> Any:
    labels = y.argmax(0)
    return torch.stack([y[:, labels == label].sum(1) for label in torch.unique(labels)])


def by_every_class(self: Any, y: Any) -> Any:
    kept = [y[:, y.argmax(0) == label].T for label in range(30)]
    return self.fc(torch.cat(kept))


COURSES = {f.__name__: f for f in (by_mask, by_places, by_nonzero, by_selection, by_classes, by_every_class)}


@pytest.mark.parametrize("name", COURSES)
def test_a_network_ends_at_the_first_size_of_the_data(name: str) -> None:
    net = Head(COURSES[name])
    graph = load_network(net, (3, 32, 32))
    assert graph.total_macs == CONV_MACS
    assert any(note.startswith("cut at") and "depends on the data" in note for note in graph.notes)
    assert all(len(note) < 300 for note in graph.notes)


@pytest.mark.parametrize(("name", "rows"), [("by_mask", 300), ("by_places", 300), ("by_nonzero", 300)])
def test_with_a_limit_what_follows_is_priced_too(name: str, rows: int) -> None:
    graph = load_network(Head(COURSES[name]), (3, 32, 32), limits={"boxes": rows})
    assert graph.total_macs == CONV_MACS + rows * 20
    assert any(f"{rows} are assumed" in note for note in graph.notes)
    assert not any(note.startswith("cut at") for note in graph.notes)


def test_a_limit_is_given_through_the_api_and_checked() -> None:
    net = Head(by_mask)
    macs = [
        costsim.analyze(net, "rpi4b", input_size=(3, 32, 32), limits={"boxes": n}).summary["macs"] for n in (100, 200)
    ]
    assert macs[1] - macs[0] == 2000
    with pytest.raises(InputError, match="unknown limit 'words'; known: boxes"):
        costsim.Network(net, input_size=(3, 32, 32), limits={"words": 3})
    with pytest.raises(InputError, match="no whole number above 0"):
        costsim.Network(net, input_size=(3, 32, 32), limits={"boxes": 0})


@pytest.mark.parametrize("op", ["NonZero", "Compress", "Unique"])
def test_onnx_ops_take_the_limit(op: str) -> None:
    from onnx import numpy_helper

    nodes, reads = [node("Conv", ["x", "w"], ["a"])], ["a"]
    if op == "Compress":
        nodes += [node("Reshape", ["a", "flat"], ["row"]), node("Cast", ["row"], ["chosen"], to=9)]
        reads = ["a", "chosen"]
    nodes += [node(op, reads, ["n"]), node("Cast", ["n"], ["c"], to=1), node("Reshape", ["c", "flat"], ["y"])]
    stored = [weight("w", 4, 3, 1, 1), numpy_helper.from_array(np.array([-1]), "flat")]
    graph = graph_of(nodes, {"x": [1, 3, 8, 8]}, stored, limits={"boxes": 50})
    assert graph.outputs[0].shape == ((200,) if op == "NonZero" else (50,))
    assert any("50 are assumed" in note for note in graph.notes)


@pytest.mark.parametrize("axis", [None, 1])
def test_a_stored_mask_keeps_as_many_as_it_says(axis: int | None) -> None:
    from onnx import helper

    mask = helper.make_tensor("mask", 9, [3], [True, False, True])
    along = {} if axis is None else {"axis": axis}
    graph = graph_of([node("Compress", ["x", "mask"], ["y"], **along)], {"x": [1, 3, 8, 8]}, [mask])
    assert graph.outputs[0].shape == ((2,) if axis is None else (1, 2, 8, 8))


DECIDING = {
    "Slice": (["q", "zero", "n", "zero"], []),
    "Reshape": (["q", "n"], []),
    "Expand": (["q", "n"], []),
    "TopK": (["q", "n"], ["places"]),
    "ConstantOfShape": (["n"], []),
}


@pytest.mark.parametrize("op", DECIDING)
@pytest.mark.parametrize("after", [True, False])
def test_sizes_computed_from_the_data_end_the_network_in_one_line(op: str, after: bool) -> None:
    from onnx import numpy_helper

    reads, more = DECIDING[op]
    first = node("Conv", ["x", "w"], ["q"]) if after else node("Relu", ["x"], ["q"])
    nodes = [first, node("ReduceMax", ["q"], ["m"], keepdims=0), node("Cast", ["m"], ["k"], to=7)]
    nodes += [node("Reshape", ["k", "one"], ["n"]), node(op, reads, ["y", *more])]
    stored = [numpy_helper.from_array(np.array([i]), name) for i, name in enumerate(("zero", "one"))]
    stored += [weight("w", 4, 3, 1, 1)] if after else []
    if not after:
        with pytest.raises(InputError, match=f"{op} 'y': its size depends on the values of 'n'; export it with fixed"):
            graph_of(nodes, {"x": [1, 3, 8, 8]}, stored)
        return
    graph = graph_of(nodes, {"x": [1, 3, 8, 8]}, stored)
    assert graph.total_macs == 12 * 64
    assert f"cut at {op} 'y': its size depends on the values of 'n'; 0 ops behind it are not counted" in graph.notes


# torchvision's own ops


@pytest.fixture(scope="module")
def library() -> Iterator[Any]:
    """The ops of torchvision by their schemas, where its compiled part is missing."""
    made = torch.library.Library("torchvision", "FRAGMENT")
    if not hasattr(torch.ops.torchvision, "deform_conv2d"):
        sizes = ", ".join(f"SymInt {a}_{b}" for a in ("stride", "pad", "dilation") for b in "hw")
        made.define(
            f"deform_conv2d(Tensor input, Tensor weight, Tensor offset, Tensor mask, Tensor bias, {sizes}, "
            "SymInt groups, SymInt offset_groups, bool use_mask) -> Tensor"
        )

        @torch.library.impl(made, "deform_conv2d", "Meta")  # type: ignore[untyped-decorator]
        def _deform(x: Any, kernel: Any, offset: Any, *rest: Any) -> Any:
            return x.new_empty((x.shape[0], kernel.shape[0], *offset.shape[2:]))

    if not hasattr(torch.ops.torchvision, "roi_align"):
        made.define(
            "roi_align(Tensor input, Tensor rois, float spatial_scale, SymInt pooled_height, SymInt pooled_width, "
            "int sampling_ratio, bool aligned) -> Tensor"
        )

        @torch.library.impl(made, "roi_align", "Meta")  # type: ignore[untyped-decorator]
        def _roi(x: Any, rois: Any, scale: float, height: int, width: int, *rest: Any) -> Any:
            return x.new_empty((rois.shape[0], x.shape[1], height, width))

    yield made


class Deformable(nn.Module):  # type: ignore[misc]
    def __init__(self, groups: int, masked: bool) -> None:
        super().__init__()
        self.groups, self.masked = groups, masked
        self.offset, self.mask = nn.Conv2d(4, 18, 3, padding=1), nn.Conv2d(4, 9, 3, padding=1)
        self.weight, self.bias = nn.Parameter(torch.randn(8, 4 // groups, 3, 3)), nn.Parameter(torch.zeros(8))

    def forward(self, x: Any) -> Any:
        mask = self.mask(x).sigmoid() if self.masked else x.new_empty((x.shape[0], 1))
        steps = (1, 1, 1, 1, 1, 1)
        return torch.ops.torchvision.deform_conv2d(
            x, self.weight, self.offset(x), mask, self.bias, *steps, self.groups, 1, self.masked
        )


@pytest.mark.parametrize("groups", [1, 2])
@pytest.mark.parametrize("masked", [False, True])
def test_deformable_convolutions_multiply_as_others_do(groups: int, masked: bool, library: Any) -> None:
    net = Deformable(groups, masked)
    graph = load_network(net, (4, 8, 8))
    own = 64 * 8 * 4 // groups * 9
    assert graph.total_macs == own + 64 * 4 * 9 * (18 + 9 * masked)
    used = [net.weight, net.bias, *net.offset.parameters(), *(net.mask.parameters() if masked else [])]
    assert graph.total_params == sum(p.numel() for p in used)


class Regions(nn.Module):  # type: ignore[misc]
    """A backbone, boxes out of its map, and a head on the regions: the course of a two-stage detector."""

    def __init__(self) -> None:
        super().__init__()
        self.conv, self.box, self.fc = nn.Conv2d(3, 4, 3, padding=1), nn.Conv2d(4, 4, 1), nn.Linear(4 * 49, 10)

    def forward(self, x: Any) -> Any:
        features = self.conv(x)
        boxes = self.box(features).flatten(2)[0].T
        boxes = boxes[boxes[:, 0] > 0]
        rois = torch.cat([torch.zeros_like(boxes[:, :1]), boxes], 1)
        regions = torch.ops.torchvision.roi_align(features, rois, 1.0, 7, 7, 2, True)
        return self.fc(regions.flatten(1)), features


def test_the_head_of_a_detector_is_priced_for_as_many_boxes_as_are_said(library: Any) -> None:
    first = 256 * (4 * 27 + 16)
    assert load_network(Regions(), (3, 16, 16)).total_macs == first
    graph = load_network(Regions(), (3, 16, 16), limits={"boxes": 100})
    assert graph.total_macs == first + 100 * 1960
    assert [n.layer.op for n in graph].count("roi_align") == 1
