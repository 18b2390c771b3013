"""Settings of all tests."""

import os

import pytest
from hypothesis import settings

from costsim import cli

# How long an example takes says nothing on a shared machine. The same examples every time, so that a change is judged
# by what it changed; `HYPOTHESIS_PROFILE=explore pytest` looks for new ones.
settings.register_profile("costsim", deadline=None, derandomize=True)
settings.register_profile("explore", deadline=None)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "costsim"))


os.environ["XDG_CONFIG_HOME"] = os.devnull  # profiles of whoever runs the tests are not what is tested
os.environ["XDG_CACHE_HOME"] = os.devnull  # nor is what they kept
os.environ["ORT_DISABLE_TELEMETRY"] = "1"  # where a test loads ONNX Runtime itself


@pytest.fixture
def run(capsys):
    """The command line: ``run("analyze", ...)`` gives exit code, stdout and stderr."""

    def call(*arguments):
        code = cli.run(list(arguments))
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return call
