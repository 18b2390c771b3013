"""``costsim reconcile``: every number of the tools, and the terms that explain them."""

from __future__ import annotations

import json

import pytest

from costsim.cli import run
from costsim.networks import build
from costsim.reconcile import Reconciliation, reconcile


def rows(found: Reconciliation) -> dict[str, int]:
    return {row.convention: row.excess for row in found.rows}


@pytest.mark.parametrize("network", ["shufflenet_v2_1x", "mobilenet_v2_1x", "resnet50"])
def test_the_terms_explain_the_differences(network: str) -> None:
    found = reconcile(build(network))
    has, excess = found.terms, rows(found)
    pooled = has["pooling inputs"] + has["global pooling inputs"]
    assert excess["exact"] == 0
    assert excess["two_per_mac"] == found.macs
    assert excess["ptflops_aten"] == has["fully connected biases"]
    assert excess["torchinfo"] == has["batch norm parameters"] + has["fully connected biases"]
    assert excess["fvcore"] == 2 * has["batch norm outputs"] + has["global pooling inputs"]
    assert excess["ptflops"] == (
        2 * (has["batch norm outputs"] + has["ReLU outputs"] + pooled)
        + has["ReLU6 outputs"]
        + has["fully connected biases"]
    )


@pytest.mark.parametrize("network", ["swin_tiny", "deit_tiny", "resnet50"])
def test_attention_explains_what_counters_of_modules_leave_out(network: str) -> None:
    found = reconcile(build(network))
    has, excess = found.terms, rows(found)
    assert excess["without_products"] == -has["matrix products, multiply-accumulates"]
    assert excess["without_attention"] == -has["attention, products and projections, multiply-accumulates"]


def test_recurrence_is_a_term_of_its_own() -> None:
    found = reconcile(build("crnn"))
    assert found.terms["recurrence, multiply-accumulates"] > 0
    assert rows(found)["without_recurrence"] == -found.terms["recurrence, multiply-accumulates"]
    assert rows(reconcile(build("resnet50")))["without_recurrence"] == 0


def test_attention_of_vit_is_its_products_and_their_two_fully_connected_layers() -> None:
    # twelve blocks of 192 features over 197 tokens in 3 heads of 64
    tokens, width = 197, 192
    scores = 2 * 3 * tokens * tokens * 64
    projections = 4 * width * width * tokens
    assert rows(reconcile(build("deit_tiny")))["without_attention"] == -12 * (scores + projections)


def test_resnet50_as_the_tools_print_it() -> None:
    # exact multiply-accumulates, batch norm and ReLU elements of torchvision's ResNet-50
    found = reconcile(build("resnet50"))
    assert (found.params, found.macs) == (25_557_032, 4_089_184_256)
    assert found.terms["batch norm outputs"] == 11_113_984
    assert found.terms["ReLU outputs"] == 9_608_704
    printed = {row.convention: round(row.printed, 3) for row in found.rows}
    assert printed["fvcore"] == 4111.513
    assert printed["ptflops"] == 4132.437
    assert printed["binary_millions"] == round(4_089_184_256 / 2**20, 3)


def test_the_verb_prints_text_and_json(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["reconcile", "shufflenet_v2_1x_torchvision"]) == 0
    text = capsys.readouterr().out
    assert "144,907,992" in text
    assert "144.909 M" in text  # with the biases of the classifier: ptflops, backend=aten
    assert run(["reconcile", "shufflenet_v2_1x", "--format", "json", "--input-size", "3x160x160"]) == 0
    record = json.loads(capsys.readouterr().out)
    assert record["rows"][0]["convention"] == "exact"
    assert record["macs"] < 145_814_296


def test_a_name_that_is_not_known(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["reconcile", "shufflenet_v3"]) == 1
    assert "unknown network 'shufflenet_v3'" in capsys.readouterr().err
