"""The papers' counts exactly, verdicts as they are defined, and the command."""

from __future__ import annotations

import json
from functools import cache

import pytest
from hypothesis import given
from hypothesis import strategies as st

from costsim.calibrate.sources import validate_against
from costsim.hardware import load_profile
from costsim.measures.formulas import pipeline_backlog_ratio
from costsim.orders import Orders
from costsim.report.page.reproduced_page import page
from costsim.reproduce import Row, Verdict
from costsim.reproduce.base import judge_order, judge_ratio, judge_value, overall, ratio_table, same_order
from costsim.reproduce.bench import published
from costsim.reproduce.matrix import cells
from costsim.reproduce.papers import PAPERS, reproduce

HOLDS, DIRECTION, FAILS, OPEN = Verdict

effects = st.floats(0.2, 5)

on_its_own = cache(reproduce)
"""A paper on its own devices, computed once."""


@pytest.mark.parametrize("hw", ["gtx_1080ti", "snapdragon_810_paper"])
def test_a_cell_takes_the_same_time_wherever_it_is_predicted(hw):
    validated = {case.name: case for case in validate_against("paper", load_profile(hw)).cases}
    reproduced = {}
    for table in (t for t in on_its_own("shufflenetv2").tables if t.hw == hw):
        for row in table.rows:
            variant, _, scale = row.label.rpartition(", ")
            number = f"T{table.title[6]}"
            name = f"{number} {row.label}" if number == "T8" else f"{number} {variant.replace(', ', ',')} {scale}"
            reproduced[name] = row.computed
    shared = reproduced.keys() & validated.keys()
    assert len(shared) == {"gtx_1080ti": 65, "snapdragon_810_paper": 65}[hw]
    for name in shared:
        assert 1 / reproduced[name] == pytest.approx(validated[name].predicted_s, rel=1e-12), name


def test_the_papers_own_gpu_reproduces_the_tables_it_was_measured_on():
    paper = on_its_own("shufflenetv2")
    tables = {t.title[:7]: t.verdict for t in paper.tables if t.hw == "gtx_1080ti"}
    assert [tables[f"Table {i}"] for i in range(1, 5)] == [HOLDS] * 4
    found = {c.text[:2]: c.found for c in paper.claims if "gtx_1080ti" in c.found}
    assert found["G1"].startswith("18 of 18 pairs")
    assert found["G2"].startswith("17 of 17 pairs")
    assert found["G3"].startswith("29 of 30 pairs")
    assert found["G4"].startswith("11 of 14 pairs, 3 ties")


@pytest.mark.parametrize("name", ["shufflenetv1", "shufflenetv2", "vargnet", "condensenetv2"])
def test_every_count_of_every_paper_holds(name):
    counts = [table for table in on_its_own(name).tables if table.hw is None]
    assert counts
    for table in counts:
        assert {row.verdict for row in table.rows} <= {HOLDS, OPEN}, table.title


def test_the_papers_devices_put_group_counts_in_the_papers_order():
    claims = [claim for claim in on_its_own("shufflenetv2").claims if claim.text.startswith("G2")]
    assert len(claims) == 2
    assert all(claim.verdict in (HOLDS, DIRECTION) for claim in claims), [claim.found for claim in claims]


VARGNET = {
    "Proposition 1: fewer elements": HOLDS,
    "Proposition 1: and than in ShuffleNet v2": DIRECTION,  # only if whole maps move
    "Proposition 2: groups": DIRECTION,  # over-corrects below 25 channels
    "layers of unlike intensity": HOLDS,  # the array is split between two layers
    "the same (one array that takes turns": FAILS,
    "two layers at a time": DIRECTION,  # early blocks fit; late ones do not have to be cut
}


@pytest.mark.parametrize(("part", "verdict"), VARGNET.items())
def test_a_proposition_of_vargnet_holds_under_the_execution_it_names(part, verdict):
    (claim,) = (claim for claim in on_its_own("vargnet").claims if part in claim.text)
    assert claim.verdict is verdict, claim.found


def test_claims_about_a_buffer_are_made_of_accelerators_alone():
    assert not [claim for claim in reproduce("vargnet", ["rpi4b"]).claims if "one array" in claim.text]


@given(st.integers(1, 4096), st.integers(1, 4096))
def test_a_map_waits_only_for_a_slower_second_layer(first, second):
    backlog = pipeline_backlog_ratio(first, second)
    assert (backlog > 0) == (second > first)
    assert backlog < 1


def test_a_device_that_cannot_run_a_network_is_not_judged_by_it():
    tables = [table for table in reproduce("shufflenetv2", ["ethos_u55_128"]).tables if table.hw]
    rows = [row for table in tables for row in table.rows]
    assert any(row.computed is None for row in rows)
    assert all(row.verdict is OPEN for row in rows if row.computed is None)


@pytest.mark.parametrize(
    ("said", "found", "verdict"),
    [
        (0.5, 0.5, HOLDS), (0.5, 0.59, HOLDS), (0.5, 0.7, DIRECTION), (0.5, 1.0, FAILS), (0.5, 1.5, FAILS),
        (1.0, 1.0, HOLDS), (1.0, 1.15, HOLDS), (1.0, 1.5, FAILS), (1.1, 1.0, FAILS), (1.1, 1.05, HOLDS),
    ],
)  # fmt: skip
def test_ratios_are_judged_by_size_and_direction(said, found, verdict):
    assert judge_ratio(said, found, 0.2) is verdict


@given(effects, effects, st.floats(0.01, 0.5))
def test_what_holds_is_within_the_tolerance(said, found, tolerance):
    if judge_ratio(said, found, tolerance) is HOLDS:
        assert abs(found / said - 1) <= tolerance
    assert judge_ratio(said, said, tolerance) is HOLDS


@given(st.lists(st.sampled_from(list(Verdict)), max_size=20))
def test_one_table_is_what_four_fifths_of_its_rows_are(verdicts):
    judged = [v for v in verdicts if v is not OPEN]
    result = overall(verdicts)
    assert (result is OPEN) == (not judged)
    if result is HOLDS:
        assert judged.count(HOLDS) >= 0.8 * len(judged)
    if result is FAILS:
        assert judged.count(FAILS) > 0.2 * len(judged) - 1e-9


def test_values_and_orders():
    assert judge_value(100, 100.9, 0.01) is HOLDS
    assert judge_value(100, 102, 0.01) is FAILS
    rows = [Row(str(p), p, c, OPEN) for p, c in ((1.0, 10.0), (2.0, 20.0), (2.01, 5.0), (4.0, 20.0))]
    assert same_order(rows) == (3, 1, 5)  # 2.00 and 2.01 are equal in print; 20 before 20 is a tie
    counts = ((5, 0, 5), (4, 0, 5), (4, 1, 5), (3, 2, 5), (3, 0, 5), (0, 5, 5), (0, 0, 0))
    verdicts = [HOLDS, DIRECTION, DIRECTION, DIRECTION, FAILS, FAILS, OPEN]
    assert [judge_order(Orders(*c)) for c in counts] == verdicts


def test_rows_are_compared_with_the_first_of_their_group():
    table = ratio_table(
        "t", "ms", "hw", [[("a", 2.0, 4.0), ("b", 1.0, 2.0)], [("c", 9.0, 1.0), ("d", 9.0, 5.0)]], tolerance=0.1
    )
    assert [(row.published_ratio, row.computed_ratio) for row in table.rows] == [(1, 1), (0.5, 0.5), (1, 1), (1, 5)]
    assert [row.verdict for row in table.rows] == [OPEN, HOLDS, OPEN, FAILS]


def test_published_values_are_numbers_of_known_networks():
    from costsim.networks import network_names

    for name in ("shufflenetv1_table8.csv", "vargnet_tables3_4.csv", "condensenetv2_tables.csv", "condensenet_arm.csv"):
        assert {row["network"] for row in published(name)} <= set(network_names())


def test_the_matrix_has_a_verdict_a_guideline_and_device():
    found = cells(["rpi4b", "nvdla"])
    assert [(cell.hw, cell.guideline) for cell in found] == [
        (hw, f"G{i}") for hw in ("rpi4b", "nvdla") for i in range(1, 5)
    ]
    assert all(0 <= cell.orders.agree <= cell.orders.pairs for cell in found)


def test_the_matrix_stands_on_a_screen_with_its_claims_in_full(run, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    code, out, err = run("reproduce", "matrix", "--hw", "arduino_nano33_ble")
    assert (code, err) == (0, "")
    head = next(line for line in out.splitlines() if line.startswith("device"))
    assert head.split() == ["device", "G1", "G2", "G3", "G4", "V1", "V2", "V3"]
    assert "V3: blocks that need less buffer are faster" in out and "too large" in out
    assert max(len(line) for line in out.splitlines()) <= 80


def test_text_and_json(run, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    code, out, err = run("reproduce", "condensenetv2")
    assert (code, err) == (0, "")
    assert "Index layer as a dense product" in out
    assert max(len(line) for line in out.splitlines()) <= 80
    _, out, _ = run("reproduce", "condensenetv2", "--hw", "rpi5", "--format", "json")
    record = json.loads(out)
    assert {table["hw"] for table in record["tables"]} == {None, "rpi5"}
    assert {row["verdict"] for table in record["tables"] for row in table["rows"]} <= {v.value for v in Verdict}


def test_the_page_holds_every_row_and_asks_nobody(run, tmp_path):
    paper = reproduce("shufflenetv1")
    html = page(paper)
    assert all(row.label in html for table in paper.tables for row in table.rows if "'" not in row.label)
    assert 'src="http' not in html
    target = tmp_path / "page.html"
    code, _, err = run("reproduce", "matrix", "--hw", "rpi5", "--html", str(target))
    assert code == 0
    assert str(target) in err
    assert "rpi5" in target.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("reproduce", "shufflenetv3"), "did you mean shufflenetv"),
        (("reproduce", "vargnet", "--hw", "rpi9"), "did you mean rpi"),
        (("reproduce", "vargnet", "--hw", "rpi5", "--html", "/nowhere/page.html"), "/nowhere/page.html"),
    ],
)
def test_bad_input_is_one_line(run, arguments, says):
    code, _, err = run(*arguments)
    assert code == 1
    assert says in err
    assert len(err.splitlines()) == 1


def test_papers_are_all_there():
    assert set(PAPERS) == {"shufflenetv2", "shufflenetv1", "vargnet", "condensenetv2", "matrix"}
