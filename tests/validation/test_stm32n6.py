"""STM32N6: what STMicroelectronics publishes for its model zoo (stm32ai-modelzoo READMEs, STM32N6570-DK).

Figures cited here are of networks in costsim's zoo; ``python -m validation.stm32n6`` takes the whole table.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np
import pytest

from validation.stm32n6 import NEW, PUBLISHED, Prediction, Row, cliff, predict, report

TO_THE_BYTE = [
    ("mobilenet_v1_0.5", 224),
    ("mobilenet_v1_1.0_fft", 224),
    ("mobilenet_v2_0.35", 128),
    ("mobilenet_v2_0.35", 224),
    ("mobilenet_v2_1.0", 224),
    ("st_fdmobilenet_v1_tfs", 128),
    ("squeezenetv11_tfs", 224),
    ("yolov8n", 416),
    ("st_yolo_x_nano_0.33_0.25", 192),
]


@cache
def rows() -> tuple[Row, ...]:
    found = []
    for model, dataset, side, compiler, ram_kib, latency_ms in PUBLISHED:
        predicted = predict(model, dataset, side, compiler)
        assert predicted is not None
        found.append(Row(f"{model} {side}", ram_kib, 0.0, latency_ms, predicted))
    return tuple(found)


def test_internal_ram_is_within_a_tenth_for_three_quarters() -> None:
    ratios = np.array([row.ram_ratio for row in rows()])
    assert (np.abs(ratios - 1) <= 0.1).mean() >= 0.75


@pytest.mark.parametrize(("model", "side"), TO_THE_BYTE)
def test_internal_ram_to_the_byte(model: str, side: int) -> None:
    row = next(row for row in rows() if row.name == f"{model} {side}")
    assert row.predicted.ram_kib == pytest.approx(row.ram_kib, abs=0.01)  # as printed


def test_none_of_these_spills_and_none_is_predicted_to() -> None:
    assert [row.name for row in rows() if row.predicted.spill_kib > 0] == []


def test_sums_of_a_large_kernel_spill_as_published() -> None:
    """SqueezeNet 1.0 (pytorchcv's, 109 x 109 after the first convolution): 6683.06 KiB of external RAM, 121.2 ms."""
    pytest.importorskip("pytorchcv")
    predicted = predict("squeezenetv10_pt", "Imagenet", 224, NEW)
    assert predicted is not None
    assert predicted.spill_kib == pytest.approx(6683.06, abs=0.01)


def test_latency_where_nothing_runs_on_the_core() -> None:
    ratios = np.array([row.latency_ratio for row in rows() if not row.predicted.on_core])
    assert len(ratios) >= 20
    assert np.abs(ratios - 1).mean() <= 0.2
    assert np.abs(ratios - 1).max() <= 0.3


def test_silu_on_the_core_explains_the_latency_of_yolo() -> None:
    ratios = np.array([row.latency_ratio for row in rows() if "swish" in row.predicted.on_core])
    assert len(ratios) == 5
    assert np.abs(ratios - 1).mean() <= 0.2


@pytest.mark.parametrize(
    ("detector", "profile", "largest_that_fits"),
    [
        ("yolov8n", "stm32n6_stedgeai2", 416),
        ("st_yoloxn_d067_w025", "stm32n6", 416),
        ("st_yoloxn_d100_w025", "stm32n6", 480),
    ],
)
def test_detectors_fit_at_least_up_to_the_published_sizes(detector: str, profile: str, largest_that_fits: int) -> None:
    assert largest_that_fits < cliff(detector, profile) <= 2 * largest_that_fits


def test_unknown_layers_are_not_guessed() -> None:
    assert predict("st_resnetpico_actrelu_pt", "Imagenet", 224, NEW) is None


def test_the_report_sums_up() -> None:
    right = Row("a 224", 100.0, 0.0, 10.0, Prediction(105.0, 0.0, 11.0, ()))
    wrong = Row("b 224", 100.0, 50.0, 10.0, Prediction(80.0, 0.0, 20.0, ("swish",)))
    lines = "\n".join(
        report([right, wrong, Row("c 224", 100.0, 0.0, 10.0, Prediction(80.0, 0.0, 12.0, ("mul",)))], ["d"])
    )
    assert "internal RAM of the 2 that do not spill: 50% within 10 %" in lines
    assert "spill or not: right for 67% of 3" in lines
    assert "latency of 1 with nothing on the core: mean error 10.0%" in lines


def test_the_table_is_read_from_a_file(tmp_path: Path) -> None:
    from validation.stm32n6 import read

    header = "model,dataset,resolution,internal_ram_kib,external_ram_kib,inference_ms,stedgeai_core"
    lines = [header, "mobilenet_v1_0.5,Imagenet,224,588.0,0.0,7.38,2.0.0", "st_resnet,Imagenet,224,1,0,1,3.0.0"]
    (tmp_path / "rows.csv").write_text("\n".join(lines))
    known, unknown = read(tmp_path / "rows.csv")
    assert [row.name for row in known] == ["mobilenet_v1_0.5 224"]
    assert unknown == ["st_resnet"]
