"""Every example script runs, on a few of its points, and leaves its report."""

from __future__ import annotations

import runpy
import sys
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).parents[2] / "examples"

SCRIPTS = sorted(path.stem for path in EXAMPLES.glob("*.py") if path.stem != "common")


def test_there_are_scripts() -> None:
    assert len(SCRIPTS) >= 5


@pytest.mark.parametrize("script", SCRIPTS)
def test_an_example_makes_its_report(
    script: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.syspath_prepend(str(EXAMPLES))
    monkeypatch.setattr(sys, "argv", [script, "--output", str(tmp_path), "--sample", "12", "--workers", "1"])
    runpy.run_path(str(EXAMPLES / f"{script}.py"), run_name="__main__")
    assert f"python examples/{script}.py" in (tmp_path / f"{script}.html").read_text(encoding="utf-8")
    assert "latency_ms" in capsys.readouterr().out
