"""Settings of all tests."""

import pytest
from hypothesis import settings

from costsim import cli

# How long an example takes says nothing on a shared machine.
settings.register_profile("costsim", deadline=None)
settings.load_profile("costsim")


@pytest.fixture
def run(capsys):
    """The command line: ``run("analyze", ...)`` gives exit code, stdout and stderr."""

    def call(*arguments):
        code = cli.run(list(arguments))
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return call
