"""What one process keeps for the next is never older than what it was made of."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from costsim.hardware import load_profile
from costsim.hardware.kept_profile import _block, _plain
from costsim.kept import cache_folder, keep, read_kept

SLOW_TO_LOAD = ("importlib.metadata", "networkx", "pydantic", "rich", "ruamel.yaml", "tempfile", "tomllib")

ANALYZED = f"""
import sys
from costsim.cli import run
code = run(["analyze", sys.argv[2], "--hw", sys.argv[1], "--format", "csv"])
print([name for name in {SLOW_TO_LOAD} if name in sys.modules], file=sys.stderr)
sys.exit(code)
"""


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache" / "costsim"


def analyzed(hw: str, where: Path, network: str = "shufflenet_v2_1x") -> tuple[str, str]:
    environment = {**os.environ, "XDG_CACHE_HOME": str(where)}
    command = [sys.executable, "-c", ANALYZED, hw, network]
    result = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr
    return result.stdout, result.stderr.splitlines()[-1]


def test_the_second_command_checks_and_parses_nothing_and_answers_the_same(tmp_path: Path) -> None:
    first, loaded = analyzed("arm_a53", tmp_path)
    assert "pydantic" in loaded and "ruamel.yaml" in loaded
    assert analyzed("arm_a53", tmp_path) == (first, "[]")
    for kept in (tmp_path / "costsim").iterdir():
        kept.write_bytes(kept.read_bytes()[:-30] + b"0" * 30)
    damaged, loaded = analyzed("arm_a53", tmp_path)
    assert damaged == first and "pydantic" in loaded


def test_the_defaults_of_a_block_are_not_checked_when_its_family_is_loaded(tmp_path: Path) -> None:
    """A block made in the definition of another would load pydantic for every microcontroller."""
    first, _ = analyzed("stm32h743", tmp_path, "mlperf_tiny_ds_cnn")
    assert analyzed("stm32h743", tmp_path, "mlperf_tiny_ds_cnn") == (first, "[]")


def test_without_a_folder_for_it_nothing_is_kept(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    first = load_profile("rpi4b")
    for folder in (os.devnull, "/proc/nothing", "not/absolute"):
        monkeypatch.setenv("XDG_CACHE_HOME", folder)
        assert load_profile("rpi4b") == first
    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.delenv("HOME")
    assert cache_folder() is None and load_profile("rpi4b") == first


BOARD = "name: mine\nextends: base\ntitle: Mine\n"


def base(ghz: float) -> str:
    """A copy of a shipped board with another clock."""
    return f"name: base\nextends: rpi4b\ntitle: Base\nhardware: {{clock: {ghz} GHz, source: mine}}\nsources: {SOURCE}\n"


SOURCE = "{mine: {kind: estimated, text: a test}}"


def test_a_change_to_any_file_a_profile_is_made_of_is_seen(cache: Path, tmp_path: Path) -> None:
    board, parent = tmp_path / "mine.yaml", tmp_path / "base.yaml"
    board.write_text(BOARD)
    for ghz in (1.0, 1.25, 1.5):
        parent.write_text(base(ghz))
        for _ in range(2):
            assert load_profile(board).hardware.clock_hz == ghz * 1e9
    assert any(kept.name.startswith("profile-") for kept in cache.iterdir())
    parent.unlink()
    with pytest.raises(Exception, match="which is not there"):
        load_profile(board)


def test_a_file_that_comes_before_one_that_was_read_is_seen(cache: Path, tmp_path: Path) -> None:
    board = tmp_path / "mine.yaml"
    board.write_text(BOARD.replace("base", "rpi4b"))
    usual = load_profile(board).hardware.clock_hz
    assert load_profile(board).hardware.clock_hz == usual
    (tmp_path / "rpi4b.yaml").write_text(base(0.5).replace("rpi4b", "rpi5").replace("name: base", "name: rpi4b"))
    assert load_profile(board).hardware.clock_hz == 0.5e9


@pytest.mark.parametrize("hw", ["rpi4b", "epyc_zen4", "gtx_1080ti", "ethos_u55_256", "dpu_kv260", "stm32h743"])
def test_profiles_of_every_family_are_plain_data_and_back(hw: str) -> None:
    profile = load_profile(hw)
    assert _block(_plain(profile)) == profile


def test_what_is_kept_is_read_whole_or_not_at_all(cache: Path) -> None:
    keep("thing", {"number": 0.1})
    assert read_kept("thing") == {"number": 0.1}
    path = cache / "thing.json"
    for damage in (b"", b"\n", path.read_bytes()[:-1], path.read_bytes().replace(b"0.1", b"0.2"), b"\xff\n{}"):
        path.write_bytes(damage)
        assert read_kept("thing") is None
