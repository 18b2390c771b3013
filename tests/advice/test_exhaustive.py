"""Advice against every list of the same changes, on 30 networks, devices and targets."""

from contextlib import suppress
from itertools import product

import pytest

import costsim
from costsim.advice.advise import other_runtimes
from costsim.advice.changes import State, changes
from costsim.devices import RunConfig
from costsim.errors import DoesNotFitError, InputError
from costsim.hardware import load_profile
from costsim.simulate import lowering_for, simulate, simulate_together
from costsim.totals import cost_totals
from tests.quiet import QuietTime

ROUNDED = 1e-6
"""Shares of multiply-accumulates are told to six digits."""

SECONDS = 20
"""Of wall time on a core that does nothing else: see ``QuietTime``. A search that slept or waited for a disk would fail
as one that computed, and a machine full of other work fails none."""

TRIPLES = [
    (network, hw, share)
    for hw, networks, share in (
        ("rpi4b", ("shufflenet_v2_1x", "mobilenet_v2_1x", "efficientnet_b0"), 0.45),
        ("rpi5", ("mobilenet_v3_large", "ghostnet", "resnet18"), 0.3),
        ("rpi3b_plus", ("squeezenet_1_1", "shufflenet_v1_g3_1x", "mobilenet_v1_1x"), 0.2),
        ("orange_pi_5_big", ("mobilenet_v2_1x", "mnasnet_a1", "shufflenet_v2_1.5x"), 0.25),
        ("snapdragon_855", ("mobilenet_v1_1x", "mobilenet_v2_1x", "mobilenet_v3_large"), 0.6),
        ("gtx_1080ti", ("resnet18", "shufflenet_v2_1x", "resnet50"), 0.6),
        ("ethos_u55_256", ("mobilenet_v2_1x", "mobilenet_v1_1x", "resnet18"), 0.5),
        ("ethos_u65_512", ("shufflenet_v2_1x", "mobilenet_v3_large", "efficientnet_lite0"), 0.6),
        ("stm32n6", ("mobilenet_v2_1x", "mobilenet_v1_1x", "efficientnet_lite0"), 0.5),
        ("stm32h743", ("mlperf_tiny_mobilenet", "mlperf_tiny_resnet8", "mlperf_tiny_ds_cnn"), 0.5),
    )
    for network in networks
]
"""Network, device, and the target as a share of what the network takes as it is."""


EDITS = ("width", "input size", "groups", "activation")


def best_of_all(network, hw, limit_ms):
    """The least loss of all lists of these edits, a runtime and a data type, on all cores; of a finding without edits.

    Lists are priced in the order of what they lose, and the first that meets the limit is the best.
    """
    profile, graph = load_profile(hw), costsim.Network(network).graph
    state = State(graph, RunConfig.of(profile, None, None), profile)
    kinds = changes(state, simulate(graph, profile, state.run), other_runtimes(hw, profile))
    values = [[None, *kinds.get(kind, [])] for kind in EDITS]
    runs = list(runs_of(state, kinds))
    lists = list(product(*values)) + [(finding,) for finding in kinds.get("finding", [])]
    possible = []
    for edits in lists:
        with suppress(InputError):
            made = applied(state, edits).graph
            possible.append((max((change.loss for change in edits if change), default=0), made))
    whole, lowerings = int(graph.total_macs), {}
    keyed = [
        (max(loss, rounded), max(0.0, 1 - int(made.total_macs) / whole), number, made, on)
        for loss, made in possible
        for number, (rounded, on) in enumerate(runs)
    ]
    for loss, lost, number, made, on in sorted(keyed, key=lambda entry: entry[:3]):
        lowering = lowerings.setdefault(number, lowering_for(on.profile, on.run))
        with suppress(DoesNotFitError):
            ms = cost_totals(*simulate_together([made], on.profile, on.run, lowering))["latency_ms"][0]
            if ms < limit_ms:
                return loss, lost
    return None


def runs_of(state, kinds):
    """What each way to run a network asks for, and that way."""
    for threads, runtime, dtype in product(
        kinds.get("threads", [None])[-1:], [None, *kinds.get("runtime", [])], [None, *kinds.get("data type", [])]
    ):
        with suppress(InputError):
            yield dtype.loss if dtype else 0, applied(state, (threads, runtime, dtype))


def applied(state, some):
    for change in some:
        state = change.apply(state) if change else state
    return state


@pytest.mark.slow
@pytest.mark.parametrize(("network", "hw", "share"), TRIPLES)
def test_advice_is_as_good_as_the_best_of_all_lists(network, hw, share, tmp_path):
    limit_ms = share * costsim.analyze(network, hw).latency_ms
    with QuietTime() as quiet:
        advice = costsim.advise(network, hw, f"latency_ms < {limit_ms:.6f}")
    took = quiet.seconds
    known = best_of_all(network, hw, limit_ms)
    print(f"{network} on {hw}: {took:.1f} s, best of all {known}, advised {[s.losses for s in advice.suggestions[:1]]}")
    if known is None:
        pytest.skip("no list of these changes meets it")
    first = advice.suggestions[0]
    loss, lost, _ = first.losses
    assert (loss, lost) <= (known[0], known[1] + ROUNDED)
    assert took < SECONDS
    path = tmp_path / "better.json"
    first.save(path)
    state = first.state
    again = simulate(costsim.Network(str(path)).graph, state.profile, state.run)
    delivered = cost_totals(again.ops, again.costs)["latency_ms"][0]
    assert delivered == pytest.approx(first.totals["latency_ms"], rel=0.01)
    assert delivered < limit_ms
