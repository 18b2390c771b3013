"""Trust is computed: a prediction off its card never has the card's interval."""

from __future__ import annotations

from pathlib import Path

import pytest

import costsim
from costsim.analysis import Analysis
from costsim.errors import InputError
from costsim.graph.builder import NetBuilder
from costsim.graph.layers import Unknown
from costsim.hardware import Profile, load_profile, profile_names
from costsim.hardware.fingerprint import fingerprint, is_as_carded
from costsim.hardware.folders import find_profile
from costsim.hardware.load import settable_fields
from costsim.hardware.vary import vary
from costsim.trust.evidence import Case, evidence
from costsim.trust.widening import Ratios, factors

CALIBRATED = [name for name in profile_names() if load_profile(name).calibration.status == "calibrated"]

ON_THE_CARD = {
    "a100": "efficientnet_b0",
    "jetson_agx_orin": "efficientvit_b1",
    "edge_tpu": "resnet50_v1",
    "epyc_zen4": "mobilenet_v2_1x",
    "eyeriss_v1": "vgg16",
    "stm32n6": "squeezenet_1_1",
    "stm32n6_stedgeai2": "mobilenet_v2_1x",
    "v100": "resnet18",
}
"""A network every op of which the card's networks held; MobileNet v1 where nothing is said."""


def on_the_card(name: str) -> str:
    return ON_THE_CARD.get(name, "mlperf_tiny_resnet8" if load_profile(name).family == "mcu" else "mobilenet_v1_1x")


def wider(analysis: Analysis, profile: Profile) -> bool:
    low, high = profile.calibration.low_ratio, profile.calibration.high_ratio
    mine = analysis.trust
    return mine.low_ratio <= low and mine.high_ratio >= high and (mine.low_ratio < low or mine.high_ratio > high)


@pytest.mark.parametrize("name", CALIBRATED)
def test_every_shipped_card_is_of_the_numbers_it_lies_beside(name: str) -> None:
    assert is_as_carded(load_profile(name)), f"run: python -m validation.stamp {name}"


@pytest.mark.parametrize("name", CALIBRATED)
def test_a_profile_copied_byte_for_byte_keeps_its_card(name: str, tmp_path: Path) -> None:
    copy = tmp_path / f"{name}.yaml"
    copy.write_bytes(find_profile(name).read_bytes())
    network = "mlperf_tiny_resnet8" if load_profile(name).family == "mcu" else "mobilenet_v1_1x"
    copied, original = costsim.analyze(network, copy), costsim.analyze(network, name)
    assert copied.trust == original.trust
    assert copied.simulation.profile.title == original.simulation.profile.title


def test_a_changed_number_is_a_derived_profile(subtests_of_numbers: list[tuple[Profile, str]]) -> None:
    for profile, path in subtests_of_numbers:
        value = profile.value_at(path)
        changed = vary(profile, {path: value * 0.9 if value else 1e-6})
        assert fingerprint(changed) != fingerprint(profile), (profile.name, path)
        assert not is_as_carded(changed), (profile.name, path)


@pytest.fixture
def subtests_of_numbers() -> list[tuple[Profile, str]]:
    """Every plain number of every shipped profile."""
    found = []
    for name in profile_names():
        profile = load_profile(name)
        for path in profile.provenance:
            if isinstance(profile.value_at(path), (int, float)) and path != "runtime.resident":  # moves no time
                found.append((profile, path))
    assert len(found) > 500
    return found


@pytest.mark.parametrize("name", CALIBRATED)
def test_a_set_number_widens_the_interval_and_changes_status_and_title(name: str) -> None:
    network = on_the_card(name)
    plain = costsim.analyze(network, name)
    changed = costsim.analyze(network, name, settings={"hardware.clock": "1.11 GHz"})
    assert changed.trust.status == "derived" and wider(changed, plain.simulation.profile)
    assert any("hardware.clock is 1.11 GHz" in reason for reason in changed.trust.reasons)
    document = changed.to_dict()
    assert document["trust"]["status"] == document["hardware"]["calibration"]["status"] == "derived"
    assert document["hardware"]["name"].startswith(f"derived from {name}")
    assert document["hardware"]["calibration"]["mean_error_ratio"] is None


def test_a_number_set_to_what_it_was_changes_nothing() -> None:
    same = costsim.analyze("mobilenet_v1_1x", "rpi4b", settings={"clock": "1800 MHz"})
    assert same.trust == costsim.analyze("mobilenet_v1_1x", "rpi4b").trust
    assert same.simulation.profile.title == load_profile("rpi4b").title


class TestExtending:
    def write(self, folder: Path, text: str) -> Path:
        path = folder / "mine.yaml"
        path.write_text(text)
        return path

    def test_a_board_with_other_numbers_has_neither_title_nor_card_of_its_parent(self, tmp_path: Path) -> None:
        sources = "sources: {me: {kind: datasheet, text: vendor}}\n"
        numbers = "hardware: {clock: {value: 1.3 GHz, source: me}}\n"
        for head in ("extends: rpi_zero2w\n", "name: mine\nextends: rpi_zero2w\n"):
            analysis = costsim.analyze("mobilenet_v1_1x", self.write(tmp_path, head + sources + numbers))
            assert analysis.hardware == "mine"
            assert analysis.simulation.profile.title == "mine, derived from rpi_zero2w"
            assert analysis.trust.status == "derived" and wider(analysis, load_profile("rpi_zero2w"))

    def test_a_card_of_its_own_inherits_no_error_and_must_say_what_it_is_of(self, tmp_path: Path) -> None:
        card = "calibration: {status: calibrated, data: my own, low_ratio: 0.95, high_ratio: 1.05}\n"
        analysis = costsim.analyze("mobilenet_v1_1x", self.write(tmp_path, "name: mine\nextends: rpi4b\n" + card))
        assert analysis.simulation.profile.calibration.mean_error_ratio is None
        assert analysis.trust.status == "derived"
        assert "does not say which numbers" in analysis.trust.reasons[0]

    def test_the_same_numbers_under_another_name_keep_the_card(self, tmp_path: Path) -> None:
        analysis = costsim.analyze("mobilenet_v1_1x", self.write(tmp_path, "name: mine\nextends: rpi4b\n"))
        assert analysis.trust.status == "calibrated"


@pytest.mark.parametrize(
    ("hw", "run", "word"),
    [
        ("rpi4b", {"threads": 3}, "threads"),
        ("rpi4b", {"batch": 64}, "batch"),
        ("rpi4b", {"input_size": "3x1024x1024"}, "pixels"),
        ("rpi4b", {"input_size": "3x64x64"}, "pixels"),
        ("gtx_1080ti", {"batch": 32}, "batch"),
        ("snapdragon_855", {"threads": 3}, "threads"),
    ],
)
def test_a_run_off_the_card_is_wider_and_says_so(hw: str, run: dict, word: str) -> None:
    on, off = costsim.analyze("mobilenet_v1_1x", hw), costsim.analyze("mobilenet_v1_1x", hw, **run)
    assert on.trust.status == "calibrated" and not on.trust.reasons
    assert off.trust.status == "derived" and wider(off, on.simulation.profile)
    assert len(off.trust.reasons) == 1 and word in off.trust.reasons[0]


def test_each_way_off_the_card_widens_by_itself() -> None:
    one = costsim.analyze("mobilenet_v1_1x", "rpi4b", threads=3).trust
    two = costsim.analyze("mobilenet_v1_1x", "rpi4b", threads=3, batch=64).trust
    all_ = costsim.analyze("mobilenet_v1_1x", "rpi4b", threads=3, batch=64, settings={"clock": "5 GHz"}).trust
    for less, more in ((one, two), (two, all_)):
        assert more.low_ratio < less.low_ratio and more.high_ratio > less.high_ratio
        assert set(less.reasons) <= set(more.reasons)


def test_no_factor_narrows() -> None:
    card = Ratios(0.9, 1.2)
    for kind, factor in factors().items():
        assert factor.low <= 1 <= factor.high and factor.low < factor.high, kind
        for share in (0.01, 0.3, 1.0):
            mixed = card.mixed({kind: share}, factors())
            assert mixed.low <= card.low and mixed.high >= card.high


def test_a_data_type_nobody_measured_is_estimated() -> None:
    assert costsim.analyze("resnet18", "v100", dtype="fp16").trust.status == "estimated"
    assert costsim.analyze("resnet18", "v100").trust.status == "calibrated"
    assert costsim.analyze("resnet18", "h200").trust.status == "estimated"


class TestOps:
    def network(self, kernel: int, *, channels: int = 64, attention: bool = False) -> costsim.LayerGraph:
        net = NetBuilder("net")
        x = net.input(1, 3, 224, 224)
        x = net.conv(x, channels, kernel, stride=2, padding=kernel // 2)
        net.conv(x, channels, 3, padding=1)
        return net.graph

    def test_a_kernel_nobody_measured_widens_by_its_share_of_the_time(self) -> None:
        held, unheld = (costsim.analyze(self.network(kernel), "rpi4b") for kernel in (7, 9))
        assert held.trust.status == "calibrated"
        assert unheld.trust.status == "derived" and "conv 9x9" in unheld.trust.reasons[0]
        share = unheld.layer_records[0]["share_ratio"]
        card, factor = load_profile("rpi4b").calibration, factors()["convolutions"]
        assert unheld.trust.high_ratio == pytest.approx(card.high_ratio * (1 - share + share * factor.high))
        assert unheld.trust.low_ratio == pytest.approx(card.low_ratio * (1 - share + share * factor.low))

    def test_a_width_nobody_measured(self) -> None:
        assert costsim.analyze(self.network(3, channels=4096), "rpi4b").trust.status == "derived"


def test_settable_fields_are_numbers_of_the_fingerprint() -> None:
    """A word that changes what is computed is of the fingerprint too."""
    profile = load_profile("rpi4b")
    tree = {name: getattr(profile, name).model_dump(by_alias=True) for name in ("hardware", "runtime", "fitted")}
    assert "runtime.winograd" in {path.rsplit(".", 1)[0] for path in settable_fields(tree)}
    changed = profile.model_copy(update={"runtime": profile.runtime.model_copy(update={"views": ()})})
    assert not is_as_carded(changed)


@pytest.mark.parametrize("option", ["threads", "batch"])
@pytest.mark.parametrize("value", ["2", 2.5, True])
def test_counts_that_are_no_whole_numbers_are_refused_in_words(option: str, value: object) -> None:
    with pytest.raises(InputError, match="is no whole number"):
        costsim.analyze("mobilenet_v1_1x", "rpi4b", **{option: value})  # type: ignore[arg-type]


def test_unknown_ops_leave_no_upper_end() -> None:
    net = NetBuilder("sampled")
    x = net.input(1, 64, 56, 56)
    net.add(Unknown("GridSample", (1, 64, 56, 56)), x)
    analysis = costsim.analyze(net.graph, "rpi4b")
    assert analysis.summary["coverage_ratio"] == 0
    assert analysis.trust.at_least and analysis.trust.status == "derived"
    assert any("no cost model" in reason for reason in analysis.trust.reasons)
    document = analysis.to_dict()
    assert document["totals"]["latency_high_ms"] is None and document["unknown"]["latency_high_ms"]
    assert document["trust"]["at_least"] and document["trust"]["high_ratio"] is None
    low = f"at least {analysis.interval.removeprefix('at least ')}"
    for form in ("text", "markdown", "html", "card"):
        assert low in analysis.report(form), form
    assert analysis.report("csv")


@pytest.mark.parametrize(("pixels", "status"), [(32, "calibrated"), (224, "derived")])
def test_ops_nobody_measured_count_from_a_hundredth_of_the_time_on(pixels: int, status: str) -> None:
    net = NetBuilder("net")
    x = net.conv(net.input(1, 3, 224, 224), 64, 3)
    net.conv(net.conv(x, 64, 3), 64, 3)
    net.conv(net.input(1, 3, pixels, pixels), 8, 9)
    analysis = costsim.analyze(net.graph, "rpi4b")
    share = analysis.layer_records[-1]["share_ratio"]
    assert (share > 0.01) == (status == "derived") and share < 0.1
    assert analysis.trust.status == status


def test_a_card_holds_the_fewest_and_the_most_channels_of_its_networks() -> None:
    net = NetBuilder("net")
    x = net.conv(net.input(1, 24, 28, 28), 96, 3)
    net.conv(x, 16, 3)
    simulation = costsim.analyze(net.graph, "rpi4b").simulation
    (held,) = evidence(simulation.profile, [Case(simulation.run, simulation.ops, simulation.costs)]).products.values()
    assert held.channels == (16, 96)
