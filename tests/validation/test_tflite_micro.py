"""The arena against tflite-micro's own interpreter, part by part, on networks written as int8 files."""

from __future__ import annotations

from pathlib import Path

import pytest

from validation.tflite_micro import DECODER, NETWORKS, compare, is_installed

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not is_installed(), reason="the judge is not here: pip install tflite-micro"),
]


@pytest.mark.parametrize("name", [*NETWORKS, DECODER])
def test_the_arena_is_that_of_the_interpreter(name: str, tmp_path: Path) -> None:
    real, ours = compare(name, tmp_path)
    assert ours.head == real.head, "maps and scratch buffers lie where the planner puts them"
    assert ours.tail == pytest.approx(real.tail, rel=0.005, abs=128), "but for the RESHAPE of a pooled map, 100 bytes"
    assert ours.total == pytest.approx(real.total, rel=0.005)
