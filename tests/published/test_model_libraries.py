"""The zoo against the same networks of model libraries, built beside it and counted by torch at two image sizes."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from costsim.conventions import CONVENTIONS
from costsim.networks import build
from tests.model_libraries import counted_by_torch, library_model, macs_seen_by_hooks, norms_left

TABLE = Path(__file__).parents[1] / "data" / "library_models.csv"

with TABLE.open(newline="") as file:
    ROWS = list(csv.DictReader(file))


@pytest.mark.slow
@pytest.mark.parametrize("row", ROWS, ids=lambda row: row["network"])
def test_a_network_counts_as_that_of_the_library(row: dict[str, str]) -> None:
    for size in map(int, row["sizes"].split()):
        shape = (1, 3, size, size)
        graph = build(row["network"], input_shape=shape)
        net = library_model(row["library"], row["model"], row["form"], size)
        macs, params = counted_by_torch(net, *shape)
        if row["difference"] == "folds norms":  # behind convolutions the library leaves alone
            assert norms_left(net) > 0
            params -= norms_left(net)
        assert (int(graph.total_macs), int(graph.total_params)) == (macs, params), size


@pytest.mark.slow
@pytest.mark.parametrize(
    ("network", "library", "model", "convention"),
    [
        ("vit_base_patch16", "torchvision", "vit_b_16", "without_attention"),
        ("swin_tiny", "torchvision", "swin_t", "without_attention"),
        ("deit_tiny", "timm", "deit_tiny_patch16_224", "without_products"),
        ("swin_tiny", "timm", "swin_tiny_patch4_window7_224", "without_products"),
    ],
)
def test_what_hooks_of_modules_see(network: str, library: str, model: str, convention: str) -> None:
    net = library_model(library, model, "", 224)
    assert CONVENTIONS[convention].count(build(network)) == macs_seen_by_hooks(net, 1, 3, 224, 224)


@pytest.mark.slow
@pytest.mark.parametrize(("frames", "size"), [(16, 112), (8, 128)])
def test_3d_convolutions_count_as_in_torchvision(frames: int, size: int) -> None:
    """The zoo writes them over frames in the first dimension, torchvision over a fifth."""
    graph = build("r3d_18", input_shape=(frames, 3, size, size))
    net = library_model("torchvision", "r3d_18", "", size)
    assert (int(graph.total_macs), int(graph.total_params)) == counted_by_torch(net, 1, 3, frames, size, size)


def test_every_row_names_a_network_once() -> None:
    names = [row["network"] for row in ROWS]
    assert len(names) == len(set(names))
    assert {row["difference"] for row in ROWS} <= {"", "folds norms"}
