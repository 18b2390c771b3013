"""Inputs of modules and programs: by name, in one list or dict, of sizes that cannot be."""

from __future__ import annotations

from typing import Any

import pytest

from costsim.errors import InputError
from costsim.importers import load_network

torch = pytest.importorskip("torch")
nn = torch.nn
F = torch.nn.functional


def test_sizes_that_no_tensor_has_are_one_line() -> None:
    with pytest.raises(InputError, match="must be non-negative"):
        load_network(nn.Conv2d(3, 4, 1), (3, -1, 8))


def test_inputs_can_be_named() -> None:
    class Two(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.a, self.b = nn.Conv2d(3, 4, 1), nn.Conv2d(1, 4, 1)

        def forward(self, image: Any, depth: Any) -> Any:
            return self.a(image) + self.b(depth)

    sizes = {"depth": (1, 8, 8), "image": (3, 8, 8)}
    assert load_network(Two(), sizes).total_macs == 64 * 16
    exported = torch.export.export(Two(), (torch.zeros(1, 3, 8, 8), torch.zeros(1, 1, 8, 8)))
    assert load_network(exported, sizes).total_macs == load_network(exported, list(sizes.values())[::-1]).total_macs
    with pytest.raises(InputError, match="the program was exported for 1x8x8"):
        load_network(exported, {**sizes, "depth": (1, 9, 8)})
    with pytest.raises(InputError, match="unknown input 'dept'; did you mean depth"):
        load_network(exported, {"dept": (1, 8, 8)})


class OneArgument(nn.Module):
    """Takes all its inputs in one list or dict."""

    def __init__(self, *keys: Any) -> None:
        super().__init__()
        self.keys = keys
        self.a, self.b = nn.Conv2d(3, 4, 3), nn.Linear(8, 4)

    def forward(self, batch: Any) -> Any:
        image, words = (batch[key] for key in self.keys)
        return self.a(image) + self.b(words)[:, :, None, None]


def test_inputs_in_one_list_or_dict() -> None:
    for module, size in (
        (OneArgument(0, 1), [(3, 8, 8), (8,)]),
        (OneArgument("image", "words"), {"image": (3, 8, 8), "words": (8,)}),
    ):
        assert load_network(module, size).total_macs == 4 * 27 * 36 + 32
