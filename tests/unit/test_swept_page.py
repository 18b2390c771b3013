"""The page of a sweep: the sweep's own numbers, and command lines that give them again."""

from __future__ import annotations

import json
import re
import shlex
from pathlib import Path
from typing import Any

import pytest
from matplotlib.image import imread

from costsim.cli import run
from costsim.report.page.swept_page import equal_once, page
from costsim.report.pictures.swept_plots import save_sweep_plots
from costsim.report.verbs.swept import sweep_text
from costsim.sweep import load_spec, sweep
from costsim.sweep.run import SweepResult

SPEC: dict[str, Any] = {
    "network": ["shufflenet_v2_0.5x", "mobilenet_v1_0.25x"],
    "hw": "embedded_buffer",
    "axes": {"input_size": [96, 128], "hardware.memory.onchip.size": ["256 KiB", "1 MiB"], "batch": [1, 2]},
    "objectives": {"latency_ms": "min", "macs": "max"},
    "top": 5,
}


@pytest.fixture(scope="module")
def swept(tmp_path_factory: pytest.TempPathFactory) -> SweepResult:
    return sweep(load_spec(SPEC), tmp_path_factory.mktemp("sweep"))


def payload(html: str) -> Any:
    found = re.search(r'id="payload">(.*?)</script>', html, re.DOTALL)
    assert found
    return json.loads(found[1])


def test_the_front_and_every_axis_are_drawn(swept: SweepResult) -> None:
    content = payload(page(swept, load_spec(SPEC)))
    front = swept.pareto.sort_values("latency_ms")
    assert [p["point"] for p in content["data"]["front"]] == front["point"].tolist()
    assert set(content["specs"]) == {"front", "coordinates", *(f"effect{i}" for i in range(4))}
    for p in content["data"]["front"]:
        assert p["latency_low_ms"] < p["latency_ms"] < p["latency_high_ms"]
    for i in range(4):
        assert sum(r["points"] for r in content["data"][f"effect{i}"]) == 16
        assert all(r["least"] <= r["mean"] <= r["most"] for r in content["data"][f"effect{i}"])
    assert all(0 <= r["at"] <= 1 for r in content["data"]["coordinates"])


def test_points_equal_in_all_objectives_are_told_once_and_many_axes_share_a_column(tmp_path: Path) -> None:
    spec = load_spec({**SPEC, "objectives": {"macs": "min"}, "top": 16})
    result = sweep(spec, tmp_path / "out")
    once = equal_once(result.best, spec)
    assert once["equal"].tolist() == [2] * len(once) and once["macs"].is_unique and once["macs"].is_monotonic_increasing
    narrow = sweep_text(result, spec, width=60)
    assert "point  settings" in narrow and "input_size=96 onchip.size=256 KiB" in " ".join(narrow.split())
    assert max(map(len, narrow.splitlines())) <= 60
    assert "point  settings" not in sweep_text(result, spec, width=120)


def test_a_points_command_gives_its_number(swept: SweepResult, capsys: pytest.CaptureFixture[str]) -> None:
    html = page(swept, load_spec(SPEC))
    first = swept.pareto.iloc[0]
    text = re.search(rf"<td class=\"n\">{first['point']}</td>.*?<code>(.*?)</code>", html, re.DOTALL)
    assert text
    _, *arguments = shlex.split(text[1].replace("&#39;", "'").removesuffix("--html report.html"))
    assert run([*arguments, "--format", "json"]) == 0
    assert json.loads(capsys.readouterr().out)["totals"]["latency_ms"] == pytest.approx(first["latency_ms"])


def test_one_objective_and_one_point_are_enough(tmp_path: Path) -> None:
    spec = load_spec({"network": "alexnet", "hw": "embedded_buffer"})
    html = page(sweep(spec, tmp_path), spec)
    assert payload(html)["specs"] == {} and "alexnet" in html


def test_the_command_writes_it(tmp_path: Path) -> None:
    spec = tmp_path / "spec.yaml"
    spec.write_text(json.dumps(SPEC))
    report = tmp_path / "sweep.html"
    folder = str(tmp_path / "folder")
    assert run(["sweep", str(spec), "-o", folder, "--workers", "1", "--html", str(report)]) == 0
    assert "Pareto front" in report.read_text(encoding="utf-8")


def test_plots_are_drawn(swept: SweepResult, tmp_path: Path) -> None:
    written = save_sweep_plots(swept, load_spec(SPEC), tmp_path)
    names = ("pareto", "effect-network", "effect-input_size", "effect-onchip.size", "effect-batch")
    assert {path.name for path in written} == {f"{name}.{suffix}" for name in names for suffix in ("png", "svg")}
    for path in written:
        if path.suffix == ".png":
            assert imread(path)[..., :3].std() > 0.03
