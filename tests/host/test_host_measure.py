"""Rounds, journals and what a kill leaves behind."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from costsim.calibrate.host.journal import Journal
from costsim.calibrate.host.measure import EXTRA_ROUNDS, ROUNDS, Visit, is_settled, measure, noise_ratio
from costsim.calibrate.host.quiet import QUIET_RATIO, Yardstick
from costsim.errors import InputError
from costsim.timing import Timing
from tests.host.conftest import ONE_PASS, Clock

HEAD = {"runtime": "onnxruntime", "version": "1.0", "threads": 1}


class Networks:
    """Prepares networks whose every visit takes the next of the given seconds, the last again and again."""

    def __init__(self, clock: Clock, **seconds: list[float]) -> None:
        self.clock, self.seconds = clock, seconds
        self.order: list[str] = []
        self.dies_at: int | None = None

    def ready(self):
        return {name: lambda name=name: self._prepare(name) for name in self.seconds}

    def _prepare(self, name):
        if len(self.order) == self.dies_at:
            raise KeyboardInterrupt
        visit = self.order.count(name)
        self.order.append(name)
        seconds = self.seconds[name][min(visit, len(self.seconds[name]) - 1)]

        def run():
            self.clock.now += seconds

        return run


def measured(networks, journal):
    measure(networks.ready(), journal, visit=ONE_PASS, clock=networks.clock)
    return journal


def test_every_network_is_visited_once_a_round():
    networks = Networks(Clock(), a=[1.0], b=[2.0], c=[3.0])
    measured(networks, Journal(None, HEAD))
    assert networks.order == ["a", "b", "c"] * ROUNDS


def test_the_fastest_visit_is_the_result_and_the_others_are_its_noise():
    networks = Networks(Clock(), a=[1.5, 1.0, 1.2, 1.01])
    timing = measured(networks, Journal(None, HEAD)).timing("a")
    assert timing.latency_s == pytest.approx(1.0)
    assert timing.noise_ratio == pytest.approx(0.105)
    assert noise_ratio([timing, Timing((1.0, 1.0)), Timing((1.0, 1.0))]) == 0


def test_networks_whose_fastest_visits_disagree_are_visited_again():
    networks = Networks(Clock(), quiet=[1.0], loud=[1.6, 1.4, 1.2, 1.1, 1.0, 1.01], wild=[2.0**-k for k in range(9)])
    journal = measured(networks, Journal(None, HEAD))
    assert len(journal.rounds("quiet")) == ROUNDS
    assert len(journal.rounds("loud")) == 6
    assert len(journal.rounds("wild")) == ROUNDS + EXTRA_ROUNDS
    assert is_settled(journal.rounds("wild"))


def test_patience_ends_what_never_settles(monkeypatch):
    monkeypatch.setattr("costsim.calibrate.host.measure.PATIENCE_S", 10.0)
    networks = Networks(Clock(), wild=[4.0, 3.0, 2.0, 1.5, 1.2, 1.0])
    assert len(measured(networks, Journal(None, HEAD)).rounds("wild")) == ROUNDS


def test_a_visit_warms_up_and_keeps_the_fastest_pass():
    clock, passes = Clock(), iter([9.0, 9.0, 3.0, 1.0, 2.0, 5.0])

    def run():
        clock.now += next(passes)

    assert Visit(warm_up_passes=2, passes=3, budget_s=0.0)(run, clock) == pytest.approx(1.0)
    assert next(passes) == 5.0


def test_a_visit_of_something_short_goes_on_until_its_time_is_spent():
    clock, count = Clock(), []

    def run():
        clock.now += 0.01
        count.append(1)

    Visit(warm_up_passes=0, passes=3, budget_s=0.1)(run, clock)
    assert 10 <= len(count) <= 11


def test_a_visit_goes_on_until_a_pass_was_undisturbed_at_both_its_ends():
    clock, passes, quiet = Clock(), [], iter([True, False, True, True, False])

    def run():
        clock.now += 0.01
        passes.append(1)

    Visit(warm_up_passes=0, passes=1, budget_s=0.0, patience_s=1.0)(run, clock, lambda: next(quiet))
    assert len(passes) == 3


def test_a_visit_that_is_always_disturbed_ends_with_its_patience():
    clock, passes = Clock(), []

    def run():
        clock.now += 0.01
        passes.append(1)

    Visit(warm_up_passes=0, passes=1, budget_s=0.02, patience_s=0.1)(run, clock, lambda: False)
    assert 10 <= len(passes) <= 11


def test_the_yardstick_knows_its_fastest_and_says_when_it_takes_longer():
    clock, takes = Clock(), [2.0, 1.0 * QUIET_RATIO, 1.0, 1.2, 0.5, 1.0]

    def work():
        clock.now += takes.pop(0)

    yardstick = Yardstick(work, clock, tries=2)
    assert [yardstick.is_quiet() for _ in range(4)] == [True, False, True, False]


def test_killed_at_any_visit_it_goes_on_where_it_was(tmp_path):
    whole = Networks(Clock(), a=[1.0], b=[2.0])
    measured(whole, Journal(None, HEAD))
    for visits in range(len(whole.order) + 1):
        path, networks = tmp_path / f"{visits}.jsonl", Networks(Clock(), a=[1.0], b=[2.0])
        networks.dies_at = visits
        if visits < len(whole.order):
            with pytest.raises(KeyboardInterrupt):
                measured(networks, Journal(path, HEAD))
        networks.dies_at = None
        journal = measured(networks, Journal(path, HEAD))
        assert networks.order == whole.order  # nothing twice, nothing left out
        assert journal.rounds("a") == Journal(path, HEAD).rounds("a") == (1.0,) * ROUNDS


def test_a_line_cut_off_by_a_kill_is_written_over(tmp_path):
    path = tmp_path / "journal.jsonl"
    journal = Journal(path, HEAD)
    journal.add("a", 1.0)
    before = path.read_bytes()
    journal.add("a", 2.0)
    for cut in range(len(before), len(path.read_bytes())):
        torn = tmp_path / f"{cut}.jsonl"
        torn.write_bytes(path.read_bytes()[:cut])
        again = Journal(torn, HEAD)
        assert again.rounds("a") == (1.0,)
        again.add("b", 3.0)
        assert [json.loads(line) for line in torn.read_text().splitlines()][1:] == [
            {"network": "a", "seconds": 1.0},
            {"network": "b", "seconds": 3.0},
        ]


def test_a_journal_cut_off_in_its_first_line_begins_anew(tmp_path):
    path = tmp_path / "journal.jsonl"
    path.write_text('{"format": "costs')
    Journal(path, HEAD).add("a", 1.0)
    assert Journal(path, HEAD).rounds("a") == (1.0,)


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("network,latency_ms\nalexnet,3\n", "is no journal"),
        ('{"format": "something else"}\n', "is no journal"),
        ('{"format": "costsim host measurements", "runtime": "torch"}\n', "runtime torch, this is onnxruntime"),
        (json.dumps({"format": "costsim host measurements", **HEAD}) + '\n{"network": "a"}\n', "is no journal"),
        ("[1]\n", "is no journal"),
    ],
)
def test_a_file_that_is_no_journal_of_these_conditions_is_left_alone(tmp_path, content, says):
    path = tmp_path / "journal.jsonl"
    path.write_text(content)
    with pytest.raises(InputError, match=says):
        Journal(path, HEAD)
    assert path.read_text() == content


def test_a_journal_that_cannot_be_written_says_where(tmp_path):
    with pytest.raises(InputError, match="cannot be written"):
        Journal(tmp_path / "nowhere" / "journal.jsonl", HEAD)
    with pytest.raises(InputError, match="cannot be read"):
        Journal(Path(tmp_path), HEAD)
