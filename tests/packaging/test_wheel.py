"""The wheel, installed into an empty environment, does the main job from another folder."""

import os
import subprocess
import sys
import venv
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(folder), str(ROOT)]
    subprocess.run(command, check=True, capture_output=True, text=True)
    return next(folder.glob("*.whl"))


def test_the_wheel_holds_profiles_types_and_licence(wheel):
    names = zipfile.ZipFile(wheel).namelist()
    assert "costsim/hwprofiles/rpi3b_plus.yaml" in names
    assert "costsim/py.typed" in names
    assert any(name.endswith("licenses/LICENSE") for name in names)
    assert not [name for name in names if name.startswith(("tests", "docs", "benchmarks"))]


def test_the_main_job_runs_from_another_folder(wheel, tmp_path):
    environment = tmp_path / "env"
    venv.create(environment, with_pip=True)
    python = environment / "bin" / "python"
    subprocess.run([python, "-m", "pip", "install", "-q", str(wheel)], check=True, capture_output=True, text=True)
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    report = elsewhere / "report.html"
    command = [environment / "bin" / "costsim", "analyze", "shufflenet_v2_1x", "--hw", "arm_a53", "--html", report]
    result = subprocess.run(command, cwd=elsewhere, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr
    assert "latency" in result.stdout
    assert report.stat().st_size > 10_000


def test_it_runs_from_inside_a_zip_on_a_path_with_spaces_for_a_user_without_a_home(wheel, tmp_path):
    folder = tmp_path / "a path with spaces"
    folder.mkdir()
    app = folder / "app.pyz"
    app.write_bytes(wheel.read_bytes())
    script = "import costsim, sys; print(costsim.__file__); from costsim.__main__ import main; main()"
    command = [sys.executable, "-c", script, "analyze", "shufflenet_v2_1x", "--hw", "arm_a53", "--html", "page.html"]
    where = {"PATH": os.environ["PATH"], "PYTHONPATH": str(app), "TMPDIR": str(tmp_path)}
    result = subprocess.run(command, cwd=folder, env=where, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr
    assert result.stdout.startswith(str(app)) and "latency" in result.stdout
    assert (folder / "page.html").stat().st_size > 10_000
    assert [left.name for left in tmp_path.iterdir()] == [folder.name], "copies go with the process"
