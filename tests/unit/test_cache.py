"""What is kept is answered again only for the same numbers, whoever asks at the same time."""

from __future__ import annotations

import gc
import sys
import threading
import weakref
from collections.abc import Callable, Iterator

import numpy as np
import pytest

import costsim
from costsim.devices import RunConfig, device_for
from costsim.hardware import load_profile
from costsim.simulate import lower_for, simulate
from costsim.tables.cache import Cache, Caches, RowCache, same_value
from costsim.tables.equal_rows import row_keys
from costsim.totals import bounds


@pytest.fixture
def many_switches() -> Iterator[None]:
    """Threads take turns as often as the interpreter can make them."""
    usual = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(usual)


def in_threads(*tasks: Callable[[], None]) -> None:
    """Run the tasks side by side; the first failure of any is raised here."""
    failures: list[BaseException] = []

    def guarded(task: Callable[[], None]) -> None:
        try:
            task()
        except BaseException as failure:
            failures.append(failure)

    threads = [threading.Thread(target=guarded, args=(task,)) for task in tasks]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failures:
        raise failures[0]


def squares(kept: RowCache[float], numbers: list[float], asked: list[float]) -> list[float]:
    def work_out(rows: np.ndarray) -> list[float]:
        asked.extend(numbers[row] for row in rows)
        return [numbers[row] ** 2 for row in rows]

    distinct, which = kept.answers(row_keys(np.array(numbers)), work_out)
    return [distinct[at] for at in which]


def test_each_row_is_worked_out_once_in_all_tables() -> None:
    kept: RowCache[float] = RowCache()
    asked: list[float] = []
    assert squares(kept, [3.0, 1.0, 3.0, 2.0], asked) == [9.0, 1.0, 9.0, 4.0]
    assert squares(kept, [2.0, 5.0, 3.0], asked) == [4.0, 25.0, 9.0]
    assert asked == [3.0, 1.0, 2.0, 5.0]


def test_a_full_cache_forgets_what_was_not_asked_for_and_still_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(RowCache, "MOST_KEPT", 2)
    kept: RowCache[float] = RowCache()
    asked: list[float] = []
    for number in range(50):
        assert squares(kept, [1.0, float(number)], asked) == [1.0, float(number) ** 2]
        assert len(kept) <= 4
    assert asked.count(1.0) == 1  # asked for every time, so never forgotten
    assert squares(kept, [5.0], asked) == [25.0]
    assert asked.count(5.0) == 2


def test_keys_differ_where_any_number_does() -> None:
    keys = row_keys(np.array([1.0, 1.0, 2.0]), np.array([1.0, 2.0, 1.0]))
    assert len(set(keys)) == 3
    assert keys == row_keys(np.array([1.0, 1.0, 2.0]), np.array([1.0, 2.0, 1.0]))


def test_a_result_is_kept_until_any_number_it_depends_on_changes() -> None:
    kept, made = Cache(), []

    def ask(*given: object) -> int:
        return kept.get("answer", given, lambda: made.append(given) or len(made))

    long = np.arange(5000.0)  # NumPy writes such an array with an ellipsis
    changed = long.copy()
    changed[2500] = -1.0
    assert ask(2.0, "fp32", long) == ask(2.0, "fp32", long) == ask(2.0, "fp32", long.copy()) == 1
    assert ask(2.0, "fp32", changed) == 2
    assert ask(3.0, "fp32", changed) == 3
    assert ask(3.0, {"a": (1.0, [changed])}) == ask(3.0, {"a": (1.0, [changed.copy()])}) == 4
    assert ask(3.0, {"a": (1.0, [long])}) == 5
    assert kept.get("other", (), lambda: "result") == "result"


def test_profiles_are_compared_by_their_numbers_not_by_their_names() -> None:
    kept, profile = Cache(), load_profile("rpi4b")
    slower = load_profile("rpi4b", {"clock": "1 GHz"})
    assert slower.name == profile.name
    assert kept.get("clock", (profile.hardware,), lambda: 1) == 1
    assert kept.get("clock", (load_profile("rpi4b").hardware,), lambda: 2) == 1
    assert kept.get("clock", (slower.hardware,), lambda: 3) == 3


def test_two_threads_each_get_the_result_of_their_own_arguments(many_switches: None) -> None:
    kept = Cache()

    def ask(number: int) -> None:
        for _ in range(20_000):
            assert kept.get("answer", (number,), lambda: number) == number

    in_threads(lambda: ask(1), lambda: ask(2))


@pytest.mark.parametrize("names", [("rpi4b", "rpi3b_plus"), ("ethos_u55_128", "ethos_u55_256")])
def test_one_table_priced_on_two_devices_at_once(names: tuple[str, str], many_switches: None) -> None:
    profiles = [load_profile(name) for name in names]
    run = RunConfig.of(profiles[0])
    ops = lower_for(costsim.Network("shufflenet_v2_0.5x").graph, profiles[0], run)

    def seconds(profile: costsim.Profile) -> float:
        device = device_for(profile)
        return float(device.costs(device.plan(ops, profile, run), profile, run).latency_s.sum())

    expected = [seconds(profile) for profile in profiles]
    assert expected[0] != expected[1]

    def price(which: int) -> None:
        for _ in range(60):
            assert seconds(profiles[which]) == expected[which]

    in_threads(lambda: price(0), lambda: price(1), lambda: price(0))


@pytest.mark.parametrize("hw", ["rpi4b", "gtx_1080ti", "embedded_buffer", "epyc_zen4"])
def test_what_was_priced_is_freed_with_its_last_use(hw: str) -> None:
    """Tables that hold themselves would pile up in sweeps, which search for cycles rarely: twice as slow."""
    profile = load_profile(hw)
    run = RunConfig.of(profile)
    device = device_for(profile)
    gc.collect()
    gc.disable()
    try:
        ops = device.plan(lower_for(costsim.Network("shufflenet_v2_0.5x").graph, profile, run), profile, run)
        costs = device.kind_costs(ops, profile, run)
        assert len(bounds(ops, costs)) == 1
        gone = [weakref.ref(ops), weakref.ref(costs)]
        del ops, costs
        assert [reference() for reference in gone] == [None, None]
    finally:
        gc.enable()


MIXED = [
    (network, hw)
    for network in ("shufflenet_v2_0.5x", "mobilenet_v2_0.5x", "vargnet_v1_g8_0.5x")
    for hw in ("rpi4b", "gtx_1080ti", "embedded_buffer", "ethos_u55_256", "epyc_zen4")
]


def analyses(count: int, threads: int) -> None:
    """Mixed analyses in threads that share their caches, held to those of one thread."""
    cases = MIXED
    graphs = {network: costsim.Network(network).graph for network, _ in cases}
    profiles = {hw: load_profile(hw) for _, hw in cases}
    caches = Caches()

    def latencies(network: str, hw: str) -> bytes:
        run = RunConfig.of(profiles[hw])
        return simulate(graphs[network], profiles[hw], run, caches).costs.latency_s.tobytes()

    expected = [latencies(*case) for case in cases]

    def price(first: int) -> None:
        for at in range(first, first + count):
            case = at % len(cases)
            assert latencies(*cases[case]) == expected[case], cases[case]

    in_threads(*(lambda first=thread * 5: price(first) for thread in range(threads)))


def test_mixed_analyses_in_threads_are_those_of_one_thread(many_switches: None) -> None:
    analyses(count=20, threads=4)


@pytest.mark.slow
def test_many_mixed_analyses_in_eight_threads_are_those_of_one_thread() -> None:
    analyses(count=2000, threads=8)


def test_arrays_of_other_shapes_or_types_are_not_the_same_value():
    assert same_value(np.ones(3), np.ones(3))
    assert not same_value(np.ones(3), np.ones(1))
    assert not same_value(np.ones(3), np.ones((3, 1)))
    assert not same_value(np.ones(3), np.ones(3, dtype=int))
