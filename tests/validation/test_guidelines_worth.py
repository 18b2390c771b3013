"""The shipped evidence is what the measurements give."""

from __future__ import annotations

import pytest

from costsim.hardware import load_profile
from costsim.worth import evidence
from validation.guidelines_worth import arm_boards, family, rows_of


@pytest.mark.parametrize(
    ("name", "of"),
    [
        ("mobilenetv2_yolov3", "mobilenet"), ("nanodet_m", "shufflenet"), ("condensenet_74_g4", "condensenet"),
        ("seresnet18", "resnet"), ("0.25 MobileNet v1", "mobilenet"), ("yolov4-tiny", "yolo"), ("dla46x_c", "dla"),
    ],
)  # fmt: skip
def test_widths_and_detectors_belong_to_one_family(name, of):
    assert family(name) == of


def test_a_board_measured_again_says_the_same():
    board = next(own for own in arm_boards() if own.profile.name == "rpi4b")
    kept = evidence("rpi4b")
    for row in rows_of(board):
        own = kept[row["measure"]]
        assert own.rank_correlation == pytest.approx(row["rank_correlation"], abs=0.02)
        assert own.explained_ratio == pytest.approx(row["explained_ratio"], abs=0.02)
        assert own.predicted_rank_correlation == pytest.approx(row["predicted_rank_correlation"], abs=0.2)
        assert (own.networks, own.families, own.run) == (row["networks"], row["families"], row["run"])
    assert load_profile("rpi4b").family == "cpu"
