"""What people try first because other tools call it so is answered with what it is called here."""

import pytest

import costsim
from costsim.cli import VERBS as OWN_VERBS
from costsim.cli import cli
from costsim.cli.other_words import OPTIONS, VERBS
from costsim.limits import OTHER_WORDS


@pytest.mark.parametrize(
    ("command", "meant"),
    [
        (["summary", "resnet18"], "Did you mean nets show?"),
        (["anlyze"], "Did you mean analyze?"),
        (["analyze", "resnet18", "--hw", "rpi4b", "--int8"], "Did you mean '--dtype int8'?"),
        (["analyze", "resnet18"], "'costsim hw list' shows the devices"),
        (["check", "resnet18", "--hw", "rpi4b", "--assert", "latency < 30ms"], "did you mean latency_ms?"),
        (["check", "resnet18", "--hw", "rpi4b", "--assert", "fps > 3"], "did you mean throughput_per_s?"),
    ],
)
def test_it_is_answered(run, command, meant):
    code, _, said = run(*command)
    assert code == 1
    assert meant in said


def test_all_that_is_answered_is_there():
    assert not VERBS.keys() & set(OWN_VERBS)
    assert {words.split()[0] for words in VERBS.values()} <= {*OWN_VERBS, "--version"}
    context = cli.make_context("costsim", ["nets"], resilient_parsing=True)
    for verb, part in (words.split() for words in VERBS.values() if " " in words):
        assert part in cli.get_command(context, verb).commands
    options = {option for verb in OWN_VERBS for p in cli.get_command(context, verb).params for option in p.opts}
    assert {words.split()[0] for words in OPTIONS.values()} <= options
    summary = costsim.analyze("mlperf_tiny_ds_cnn", "stm32h743").summary
    assert set(OTHER_WORDS.values()) <= summary.keys()
