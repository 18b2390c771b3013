"""What the command line says to those who ask, or mistype."""

import pytest

from costsim.cli import run


@pytest.mark.parametrize(("typed", "meant"), [("analize", "analyze"), ("serch", "search"), ("chek", "check")])
def test_a_misspelt_verb_is_answered_with_the_nearest(typed, meant, capsys):
    assert run([typed, "x"]) == 1
    err = capsys.readouterr().err
    assert f"Did you mean {meant}?" in err
    assert len(err.splitlines()) == 1


@pytest.mark.parametrize("verb", ["sweep", "search"])
def test_examples_in_help_keep_their_lines(verb, capsys):
    assert run([verb, "--help"]) == 0
    lines = [line.strip() for line in capsys.readouterr().out.splitlines()]
    assert "hw: [rpi4b, gtx_1080ti]" in lines
    assert not any(word in line for line in lines for word in ("\\b", "\b"))
