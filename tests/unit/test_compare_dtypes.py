"""One network in several data types, and the limit that decides between them."""

import json

import pytest
from click.testing import CliRunner

from costsim.cli import cli
from costsim.compare.dtypes import by_limit, compare_dtypes
from costsim.errors import InputError


def test_what_limits_take_adds_up_to_the_latency():
    for analysis in compare_dtypes(["mobilenet_v2_1x"], ["rpi5"], ["fp32", "fp16", "int8"]).analyses.values():
        assert sum(by_limit(analysis).values()) == pytest.approx(analysis.latency_ms)


def test_each_data_type_against_those_before_it_and_why():
    found = compare_dtypes(["resnet18"], ["orange_pi_5_big"], ["fp32", "fp16", "int8"])
    said = [d.summary for d in found.differences]
    assert [s.split()[0] for s in said] == ["fp16", "int8", "int8"]
    slower = said[2]
    assert "times as long as fp16" in slower
    assert "conversion" in slower or "packing" in slower


def test_the_sentence_names_who_is_faster():
    (difference,) = compare_dtypes(["mobilenet_v1_1x"], ["rpi4b"], ["fp32", "int8"]).differences
    assert (difference.difference_ms < 0) == ("times faster than fp32" in difference.summary)


def test_the_command_takes_several_data_types():
    done = CliRunner().invoke(
        cli, ["compare", "mobilenet_v1_0.25x", "--hw", "rpi5", "--dtype", "fp32", "int8", "--format", "json"]
    )
    assert done.exit_code == 0, done.output
    assert json.loads(done.stdout)["networks"] == ["mobilenet_v1_0.25x in fp32", "mobilenet_v1_0.25x in int8"]


@pytest.mark.parametrize(
    ("networks", "dtypes", "says"),
    [
        (["resnet18", "vgg16"], ["fp32", "int8"], "2 data types and 2 networks"),
        (["resnet18"], ["fp32", "fp32"], "the data type fp32 is given twice"),
        (["resnet18"], ["fp32", "fp16"], "does not run fp16"),
    ],
)
def test_what_cannot_be_compared_is_refused_in_one_line(networks, dtypes, says):
    with pytest.raises(InputError, match=says):
        compare_dtypes(networks, ["rpi4b"], dtypes)
