"""What got slower: layers matched, baselines held to their run, and every way the input can be wrong."""

from __future__ import annotations

import csv
import io
import json

import pytest

from costsim import NetBuilder, analyze
from costsim.diff import Side, diff, parse_limit
from costsim.diff.match import match_layers
from costsim.errors import InputError
from costsim.importers.json import save_network
from costsim.report.page.diffed_page import PARTS, deltas


def chain(*widths, name="net"):
    net = NetBuilder(name)
    x = net.input(1, 3, 64, 64)
    for width in widths:
        x = net.conv_bn(x, width, 3)
    net.classifier(x)
    return net.graph


def of(graph, hw="rpi4b", **run):
    return Side.of(analyze(graph, hw, **run))


@pytest.fixture
def files(tmp_path):
    paths = []
    for folder, widths in (("old", (32, 32, 32)), ("new", (32, 48, 32, 32))):
        (tmp_path / folder).mkdir()
        paths.append(tmp_path / folder / "net.json")
        save_network(chain(*widths), paths[-1])
    return [str(path) for path in paths]


@pytest.mark.parametrize("hw", ["rpi4b", "gtx_1080ti", "nvdla"])
def test_layers_are_each_told_once_and_add_up(hw):
    for old, new in (("mobilenet_v2_1x", "mobilenet_v2_1.4x"), ("shufflenet_v2_2x", "shufflenet_v2_2x_se"),
                     ("resnet18", "mobilenet_v1_1x")):  # fmt: skip
        one = diff(of(old, hw), of(new, hw))
        assert [id(c.new) for c in one.changes if c.new] == [id(r) for r in one.new.layers]
        assert sorted(id(c.old) for c in one.changes if c.old) == sorted(id(r) for r in one.old.layers)
        assert sum(c.difference_ms for c in one.changes) == pytest.approx(one.difference_ms)
        back = diff(one.new, one.old)
        assert back.difference_ms == -one.difference_ms
        assert {"slower": "faster", "faster": "slower"}.get(one.verdict, one.verdict) == back.verdict


def test_an_inserted_layer_is_the_only_one_added_though_it_renumbers_the_rest():
    one = diff(of(chain(16, 32, 64)), of(chain(16, 24, 32, 64)))
    assert sum(c.status == "added" for c in one.changes) == 1
    assert not [c for c in one.changes if c.status == "removed"]
    two = diff(of(chain(32, 32, 32)), of(chain(32, 32, 32, 32)))
    assert [c.status for c in two.told] == ["added"]
    assert two.verdict == "slower"


def test_a_wider_layer_is_changed_and_says_how():
    one = diff(of(chain(32, 32, 32)), of(chain(32, 48, 32)))
    changed = [c for c in one.told if c.status == "changed"]
    assert any("output 32x64x64 -> 48x64x64" in c.why for c in changed)
    assert one.verdict == "slower"


def test_nothing_is_different_from_itself():
    one = diff(of("shufflenet_v2_1x"), of("shufflenet_v2_1x"))
    assert (one.verdict, one.told, one.difference_ms) == ("unchanged", [], 0)
    assert not one.regresses(parse_limit("0%"))


def test_what_is_too_near_to_tell_is_no_regression():
    pairs = [diff(of(a), of(b)) for a, b in (("resnet18", "googlenet"), ("mobilenet_v1_1x", "mobilenet_v2_1.4x"),
             ("shufflenet_v1_g3_1x", "mobilenet_v2_0.6x"), ("squeezenet_1_1", "shufflenet_v2_2x"))]  # fmt: skip
    unsure = [one for one in pairs if one.verdict == "~"]
    assert all(abs(one.ratio) < 0.2 for one in unsure)
    assert not any(one.regresses(parse_limit("0%")) for one in unsure)


@pytest.mark.parametrize(
    ("text", "old", "new", "allowed"),
    [("+3%", 100, 103, True), ("+3%", 100, 103.1, False), ("3 %", 100, 50, True), ("+0.5ms", 1, 1.5, True),
     ("+500us", 1, 1.51, False), ("0%", 1, 1, True)],
)  # fmt: skip
def test_limits(text, old, new, allowed):
    assert parse_limit(text).allows(old, new) is allowed


@pytest.mark.parametrize("text", ["", "3", "-3%", "three", "+3 parsecs", "nan%", "+3%%"])
def test_what_is_no_limit_is_refused(text):
    with pytest.raises(InputError, match="is no limit"):
        parse_limit(text)


def test_a_regression_is_three_and_an_improvement_none(run, files):
    code, out, err = run("diff", *files, "--hw", "rpi4b", "--fail-if", "+3%")
    assert code == 3
    assert "slower" in out
    assert len(err.splitlines()) == 1
    assert run("diff", *reversed(files), "--hw", "rpi4b", "--fail-if", "+3%")[0] == 0
    assert run("diff", *files, "--hw", "rpi4b", "--fail-if", "+900%")[0] == 0


def test_every_format_says_the_same_difference(run, files):
    hw = ("--hw", "rpi4b", "gtx_1080ti")
    record = json.loads(run("diff", *files, *hw, "--format", "json", "--fail-if", "+3%")[1])
    assert [d["hw"] for d in record["devices"]] == ["rpi4b", "gtx_1080ti"]
    first = record["devices"][0]
    assert first["regresses"] is True
    rows = list(csv.DictReader(io.StringIO(run("diff", *files, *hw, "--format", "csv")[1])))
    whole = next(r for r in rows if r["hw"] == "rpi4b")
    assert float(whole["difference_ms"]) == pytest.approx(first["difference_ms"])
    percent = f"{100 * first['difference_ratio']:+.1f} %"
    for form in ("text", "markdown"):
        assert percent in run("diff", *files, *hw, "--format", form)[1]
    lines = run("diff", *files, *hw, "--format", "github", "--fail-if", "+3%")[1].splitlines()
    assert len(lines) == 2
    assert lines[0].startswith("::error title=costsim diff::")
    assert percent.replace("%", "%25") in lines[0]
    html = run("diff", *files, *hw, "--format", "html", "--fail-if", "+3%")[1]
    assert "<html" in html and percent in html and "Surely slower" in html


def test_the_parts_of_the_page_add_up_to_the_difference(files):
    sides = [of(file) for file in files]
    one = diff(*sides)
    for title, key in PARTS.values():
        moved = deltas(one.changes, key)
        assert moved, title
        assert sum(part["delta_ms"] for part in moved) == pytest.approx(one.difference_ms)
        assert all(part["delta_ms"] == pytest.approx(part["new_ms"] - part["old_ms"]) for part in moved)


def test_a_saved_analysis_is_a_baseline(run, files, tmp_path):
    saved = tmp_path / "base.json"
    saved.write_text(run("analyze", files[0], "--hw", "rpi4b", "--format", "json")[1])
    code, out, err = run("diff", files[1], "--baseline", str(saved), "--format", "json", "--fail-if", "+3%")
    assert (code, len(err.splitlines())) == (3, 1)
    both = json.loads(run("diff", *files, "--hw", "rpi4b", "--format", "json", "--fail-if", "+3%")[1])
    assert json.loads(out) == both
    assert run("diff", files[0], "--baseline", str(saved), "--fail-if", "0%")[0] == 0
    assert "<html" in run("diff", files[1], "--baseline", str(saved), "--format", "html")[1]


@pytest.mark.parametrize(
    ("change", "options", "says"),
    [
        ({"tool": {"name": "costsim", "version": "0.0.1"}}, (), "version 0.0.1 instead of"),
        ({}, ("--hw", "rpi5"), "device rpi4b instead of rpi5"),
        ({}, ("--threads", "4"), "threads 1 instead of 4"),
        ({}, ("--batch", "2"), "input 1x3x64x64 instead of 2x3x64x64"),
        (
            {"network": {"name": "other", "input_shape": [1, 3, 64, 64], "dtype": "fp32"}},
            (),
            "network other instead of",
        ),
        ({"schema_version": 99}, (), "schema version 99; this costsim reads 1"),
        ({"layers": "none"}, (), "is no saved analysis"),
        ({"layers": [{}]}, (), "is no saved analysis"),
        ({"totals": None}, (), "is no saved analysis"),
        ({}, ("--hw", "rpi4b", "rpi5"), "one device"),
    ],
)
def test_a_baseline_of_another_run_says_what_differs(run, files, tmp_path, change, options, says):
    document = json.loads(run("analyze", files[0], "--hw", "rpi4b", "--format", "json")[1]) | change
    saved = tmp_path / "base.json"
    saved.write_text(json.dumps(document))
    code, out, err = run("diff", files[1], "--baseline", str(saved), *options)
    assert (code, out, len(err.splitlines())) == (1, "", 1)
    assert says in err


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("resnet18", "--hw", "rpi4b"), "OLD NEW"),
        (("resnet18", "resnet34"), "--hw"),
        (("resnet18", "resnet34", "--hw", "rpi4b", "--fail-if", "much"), "--fail-if"),
        (("resnet18", "--baseline", "nowhere.json"), "nowhere.json"),
        (("resnet18", "resnet34", "alexnet", "--hw", "rpi4b"), "OLD NEW"),
    ],
)
def test_bad_input_is_one_line(run, arguments, says):
    code, out, err = run("diff", *arguments)
    assert (code, out, len(err.splitlines())) == (1, "", 1)
    assert says in err


def test_eighty_columns(run, files, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    assert max(map(len, run("diff", *files, "--hw", "rpi4b", "gtx_1080ti")[1].splitlines())) <= 80


def test_a_changed_layer_is_matched_by_its_name_before_its_place():
    def layer(name, macs):
        shape = (1, 8, 8, 8)
        return {"name": name, "op": "conv", "macs": macs, "output_shape": shape, "params": 1, "mem_access_elems": 1}

    old, new = [layer("a", 1), layer("b", 2)], [layer("b", 3), layer("a", 4)]
    matched = {change.new["name"]: change.old["name"] for change in match_layers(old, new)}
    assert matched == {"a": "a", "b": "b"}
