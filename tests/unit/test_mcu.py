"""Microcontrollers: arenas by hand, kernels by counting, what fits and what does not."""

from __future__ import annotations

import pickle
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import costsim
from costsim.devices import RunConfig
from costsim.devices.mcu import memory
from costsim.devices.mcu.arena import Buffer, buffers_of, peak_bytes, place
from costsim.devices.mcu.kernels import issued_macs, scratch_bytes, window_elems
from costsim.devices.mcu.patches import Patches
from costsim.devices.mcu.profile import McuRuntime
from costsim.errors import DoesNotFitError, InputError
from costsim.hardware import load_profile
from costsim.lowering import lower
from costsim.networks import build
from costsim.simulate import lower_for, simulate
from costsim.tables.optable import MAC, OpTable
from validation.mcu import with_explicit_pads
from validation.tflite_files import FileBuilder, Scales

RUNTIMES = ("x_cube_ai", "tinyengine", "cmsis_nn", "tflite_micro")


def table(net: costsim.NetBuilder) -> object:
    return lower(net.graph, fusion={}, views=(), elem_bytes=1, weight_elem_bytes=1)


def test_of_equal_buffers_the_last_defined_goes_first() -> None:
    """tflite-micro fills its list from the tail: the second output lies at 0, the input beside it, the first above."""
    buffers = [Buffer("input", 32, 0, 0), Buffer("first", 48, 0, 1), Buffer("second", 48, 1, 2)]
    assert {b.name: b.offset for b in place(buffers)} == {"second": 0, "first": 48, "input": 0}


def test_the_largest_buffer_goes_first_and_others_into_gaps() -> None:
    """Worked by hand: 64 at 0; 48 meets it and goes to 64; 32 meets only 48 and goes to 0."""
    buffers = [Buffer("a", 32, 2, 3), Buffer("b", 64, 0, 1), Buffer("c", 48, 1, 2)]
    offsets = {b.name: b.offset for b in place(buffers)}
    assert offsets == {"b": 0, "c": 64, "a": 0}
    assert peak_bytes(place(buffers)) == 112


@given(st.lists(st.tuples(st.integers(1, 40), st.integers(0, 9), st.integers(0, 5)), min_size=1, max_size=12))
@settings(max_examples=200, deadline=None)
def test_buffers_that_meet_never_overlap(drawn: list[tuple[int, int, int]]) -> None:
    placed = place([Buffer(str(i), 16 * size, first, first + life) for i, (size, first, life) in enumerate(drawn)])
    for i, one in enumerate(placed):
        for other in placed[:i]:
            assert not one.meets(other) or one.end <= other.offset or other.end <= one.offset
    alive = [sum(b.size_bytes for b in placed if b.first <= t <= b.last) for t in range(16)]
    assert peak_bytes(placed) >= max(alive)


def test_a_residual_block_holds_three_maps() -> None:
    net = costsim.NetBuilder("residual")
    x = net.conv(net.input(1, 16, 8, 8), 16, 3)
    net.add_tensors(x, net.conv(x, 16, 3))
    ops = table(net)
    buffers = buffers_of(ops, np.zeros(len(ops)), np.zeros(len(ops), dtype=bool))
    assert peak_bytes(place(buffers)) == 3 * 16 * 64


def test_in_place_ops_take_no_map_of_their_own() -> None:
    net = costsim.NetBuilder("in place")
    x = net.conv(net.input(1, 3, 8, 8), 16, 3)
    net.act(x, "swish")
    ops = table(net)
    in_place = np.array([False, True])
    both = peak_bytes(place(buffers_of(ops, np.zeros(2), ~in_place & in_place)))
    one = peak_bytes(place(buffers_of(ops, np.zeros(2), in_place)))
    assert (both, one) == (2 * 1024, 1024 + 192)


def test_windows_are_copied_once_an_output_pixel() -> None:
    net = costsim.NetBuilder("windows")
    x = net.conv(net.input(1, 4, 10, 10), 6, 3)
    x = net.conv(x, 8, 1)
    net.conv(x, 8, 3, groups=8)
    ops, runtime = table(net), costsim.load_profile("nucleo_l4r5zi", runtime="cmsis_nn").runtime
    assert window_elems(ops, runtime)[:, 0].tolist() == [100 * 9 * 4, 0, 100 * 9 * 8]
    assert scratch_bytes(ops, runtime)[:, 0].tolist() == [2 * 2 * 9 * 4, 0, 0]  # 3 x 3 depthwise: where it lies
    assert issued_macs(ops, runtime.model_copy(update={"padded_rows": 4.0}))[0, 0] == ops.macs[0, 0] * 8 / 6


@pytest.mark.parametrize("runtime", RUNTIMES)
def test_every_runtime_of_a_board_runs(runtime: str) -> None:
    analysis = costsim.analyze("mobilenet_v1_0.25x", "stm32h743", runtime=runtime)
    totals = analysis.summary
    assert totals["fits"] is True
    assert totals["arena_bytes"] > totals["peak_activation_bytes"] * 0.5
    assert totals["flash_bytes"] > totals["weight_bytes"]
    assert runtime == RUNTIMES[0] or runtime in analysis.simulation.profile.title


def test_a_card_vouches_for_its_own_runtime_only() -> None:
    own = costsim.analyze("mlperf_tiny_resnet8", "nucleo_l4r5zi").trust
    other = costsim.analyze("mlperf_tiny_resnet8", "nucleo_l4r5zi", runtime="tflite_micro").trust
    assert own.status == "calibrated"
    assert other.status != "calibrated"
    assert other.high_ratio / other.low_ratio > own.high_ratio / own.low_ratio


@pytest.mark.parametrize(("network", "says"), [("resnet50", "of flash"), ("mobilenet_v2_0.25x", "of SRAM")])
def test_what_does_not_fit_says_what_would(network: str, says: str) -> None:
    with pytest.raises(DoesNotFitError, match=says) as refused:
        costsim.analyze(network, "rp2040")
    elsewhere = pickle.loads(pickle.dumps(refused.value))  # as a worker's error reaches the process that asked it
    assert str(elsewhere) == str(refused.value) and elsewhere.exit_code == 2


def test_memories_beside_the_part_hold_what_it_cannot() -> None:
    """The arena in the board's SDRAM: every map passes its bus once, and both memories are held against their sizes."""
    network = "mobilenet_v2_1x"
    with pytest.raises(
        DoesNotFitError, match=r"its 128 MiB of external flash would hold it: --set runtime\.weights_in"
    ):
        costsim.analyze(network, "stm32h747")
    weights = {"runtime.weights_in": "external_flash"}
    with pytest.raises(DoesNotFitError, match=r"its 32 MiB of external RAM would hold it: --set runtime\.arena_in"):
        costsim.analyze(network, "stm32h747", settings=weights)
    done = costsim.analyze(network, "stm32h747", settings={**weights, "runtime.arena_in": "external_ram"})
    ops, costs, totals = done.simulation.ops, done.simulation.costs, done.summary
    passed = (ops.input_bytes + ops.output_bytes).sum() / 400e6
    assert costs.ceilings["external_ram"].sum() == pytest.approx(passed)
    assert totals["fits"]
    assert totals["spilled_bytes"] > 2**20 > totals["onchip_used_bytes"]
    assert done.latency_ms == pytest.approx(1106.64, rel=0.05)  # stm32ai-modelzoo, MobileNet v2 at 224 px
    with pytest.raises(DoesNotFitError, match="has 1 MiB of external RAM"):
        small = {"hardware.memory.external_ram.size": "1 MiB", "runtime.arena_in": "external_ram"}
        costsim.analyze(network, "stm32h747", settings={**weights, **small})
    with pytest.raises(InputError, match=r"there is no hardware\.memory\.external_ram"):
        costsim.analyze(network, "stm32h743", settings={"runtime.arena_in": "external_ram"})


@pytest.mark.parametrize("hw", ["rp2040", "rpi4b", "gtx_1080ti"])
def test_a_runtime_a_board_does_not_run_is_refused(hw: str) -> None:
    with pytest.raises(InputError, match="unknown runtime 'x_cube_ai'; it runs"):
        costsim.analyze("mlperf_tiny_resnet8", hw, runtime="x_cube_ai")


PUBLISHED_MACS = {"resnet8": 12.5e6, "ds_cnn": 2.66e6, "mobilenet": 7.49e6, "autoencoder": 0.264e6}


@pytest.mark.parametrize("name", PUBLISHED_MACS)
def test_the_networks_of_mlperf_tiny_have_their_published_size(name: str) -> None:
    assert costsim.Network(f"mlperf_tiny_{name}").macs == pytest.approx(PUBLISHED_MACS[name], rel=0.005)


def test_weights_are_waited_for_only_as_far_as_flash_is_slower_than_the_arithmetic_on_them():
    profile = load_profile("nrf5340")
    simulation = simulate(costsim.Network("mlperf_tiny_resnet8").graph, profile, RunConfig.of(profile))
    limits, flash = simulation.costs.limits, profile.hardware.memory.flash
    reading_s = simulation.ops.weight_bytes / (flash.bandwidth_bytes_per_s * profile.fitted.flash_ratio)
    together = limits["flash"] + limits["arithmetic"]
    np.testing.assert_allclose(together, np.maximum(limits["arithmetic"], reading_s))
    assert (limits["flash"] < reading_s).any()


@pytest.fixture(scope="module")
def early_maps() -> object:
    """Two convolutions on a large map, a stride, and a small rest."""
    net = costsim.NetBuilder("early maps")
    x = net.conv(net.conv(net.input(1, 3, 32, 32), 16, 3), 16, 3, stride=2)
    net.conv(net.conv(x, 16, 3, stride=2), 8, 3)
    return table(net)


def test_a_patch_holds_its_share_of_earlier_maps_and_the_halo(early_maps: object) -> None:
    """Worked by hand, back from 4 x 4 pixels of an 8 x 8 map at stride 2: 9 lines of 16, and 19 of 32 before them."""
    patches = Patches.of(early_maps, 2, buffers_of(early_maps, np.zeros(4), np.zeros(4, dtype=bool)))
    assert patches.last_row == 2
    np.testing.assert_allclose(patches.held_ratio, [(19 / 32) ** 2, (9 / 16) ** 2, 1 / 4])
    np.testing.assert_allclose(patches.repeated_ratio[:, 0], [4 * (19 / 32) ** 2, 4 * (9 / 16) ** 2, 1, 1])


def test_patches_shrink_the_arena_and_cost_their_halos() -> None:
    whole, patched = (
        costsim.analyze("mobilenet_v2_mcunet_0.35x", "stm32h743", runtime="tinyengine", settings={"runtime.patches": n})
        for n in ("1", "3")
    )
    assert patched.summary["arena_bytes"] < 0.85 * whole.summary["arena_bytes"]
    assert patched.summary["macs"] == whole.summary["macs"]
    assert 1.02 < patched.latency_ms / whole.latency_ms < 1.2


def test_the_notes_say_what_sets_the_arena_and_what_would_make_it_smaller() -> None:
    analysis = costsim.analyze("mlperf_tiny_mobilenet", "stm32h743", runtime="cmsis_nn")
    assert analysis.summary["arena_peak"] == "conv1.conv_1"
    (said,) = (note for note in analysis.simulation.notes if note.startswith("the arena takes"))
    assert "set by conv1.conv_1" in said
    assert "with depthwise layers in place" in said
    assert "patches up to" in said


def test_an_arena_is_placed_once_an_analysis(monkeypatch: pytest.MonkeyPatch) -> None:
    placed: list[int] = []
    once = memory._placed

    def counted(ops: OpTable, runtime: McuRuntime, patches: Patches | None = None) -> memory.Occupancy:
        placed.append(patches.per_side if patches else runtime.patches)
        return once(ops, runtime, patches)

    monkeypatch.setattr(memory, "_placed", counted)
    analysis = costsim.analyze("mlperf_tiny_resnet8", "nucleo_l4r5zi")
    assert analysis.summary["fits"]
    assert analysis.simulation.notes
    assert sorted(placed) == [1, 2, 3, 4]


def test_floats_run_on_an_fpu_or_in_software_and_it_is_said() -> None:
    on_m0, on_m4 = (costsim.analyze("mlperf_tiny_resnet8", hw, dtype="fp32") for hw in ("rp2040", "nucleo_l4r5zi"))
    assert any("no FPU" in note for note in on_m0.simulation.notes)
    assert not any("no FPU" in note for note in on_m4.simulation.notes)
    cycles = on_m0.latency_ms * 1e-3 * 133e6 / on_m0.summary["macs"]
    assert cycles > load_profile("rp2040").hardware.soft_float_cycles
    assert on_m4.latency_ms > 2 * costsim.analyze("mlperf_tiny_resnet8", "nucleo_l4r5zi").latency_ms


@pytest.mark.parametrize(
    ("hw", "network", "measured_uj"),
    [("nucleo_h7a3zi", "resnet8", 6310.7), ("nucleo_l4r5zi", "ds_cnn", 2833.1), ("nucleo_u575zi", "resnet8", 3383.8)],
)
def test_energy_is_within_a_quarter_of_mlperf_tiny(hw: str, network: str, measured_uj: float) -> None:
    """Submitted by STMicroelectronics in v1.1, X-CUBE-AI 8.1."""
    energy_mj = costsim.analyze(f"mlperf_tiny_{network}", hw).summary["energy_mj"]
    assert energy_mj * 1e3 == pytest.approx(measured_uj, rel=0.25)


SRAM_KB = {"vww0": (163, 59), "in0": (161, 49), "in1": (219, 96), "in2": (460, 215), "vww1": (220, 92)}
"""tflite-micro and TinyEngine on STM32H743 (mit-han-lab/tinyengine README @ 47bb283c)."""


@pytest.mark.parametrize("variant", SRAM_KB)
def test_peak_sram_is_that_of_tinyengines_table(variant: str) -> None:
    graph = build(f"mcunet_{variant}")
    for runtime, network, kilobytes in zip(
        ("tflite_micro", "tinyengine"), (with_explicit_pads(graph), graph), SRAM_KB[variant], strict=True
    ):
        used = costsim.analyze(network, "stm32h743", runtime=runtime).summary["onchip_used_bytes"]
        assert used == pytest.approx(kilobytes * 1e3, rel=0.1)


WEIGHTS_KIB = {"st_fdmobilenet_v1": 144.93, "st_efficientnet_lc_v1": 505.41, "fd_mobilenet_0.25x": 128.32}
"""Weights of ST's model zoo in flash, with five classes: int8, their biases in 32 bits."""


@pytest.mark.parametrize("name", WEIGHTS_KIB)
def test_networks_of_sts_model_zoo_have_their_published_weights(name: str) -> None:
    ops = lower_for(build(name, classes=5), load_profile("stm32f769"), RunConfig("int8"))
    biases = (ops.c_out * (ops.kind == MAC)).sum()
    assert (ops.weight_elems.sum() + 3 * biases) / 1024 == pytest.approx(WEIGHTS_KIB[name], rel=0.001)


@pytest.mark.parametrize(
    ("network", "side", "measured_ms"), [("st_efficientnet_lc_v1", 128, 259.5), ("st_fdmobilenet_v1", 224, 176.5)]
)
def test_a_board_nothing_was_fitted_on_is_met(network: str, side: int, measured_ms: float) -> None:
    """STM32F769I-DISCO in ST's model zoo, by the rates of another Cortex-M7."""
    predicted = costsim.analyze(network, "stm32f769", input_size=f"3x{side}x{side}").latency_ms
    assert predicted == pytest.approx(measured_ms, rel=0.15)


def test_a_map_that_is_read_again_is_not_written_over() -> None:
    net = costsim.NetBuilder("read twice")
    x = net.conv(net.input(1, 4, 8, 8), 4, 1)
    net.add_tensors(net.act(x), x)
    ops = table(net)
    all_in_place = np.ones(len(ops), dtype=bool)
    assert [b.name for b in buffers_of(ops, np.zeros(len(ops)), all_in_place)] == ["input", "conv_1", "relu_1"]


def arena_of(file: bytes, folder: Path, runtime: str = "tflite_micro") -> float:
    path = folder / "net.tflite"
    path.write_bytes(file)
    return float(costsim.analyze(path, "stm32h743", runtime=runtime).summary["arena_bytes"])


@pytest.mark.parametrize("scales", [1, 40])
def test_an_interpreter_keeps_a_multiplier_and_a_shift_for_every_scale(scales: int, tmp_path: Path) -> None:
    file = FileBuilder(written="INT8")
    weights = file.stored(np.zeros((40, 8), np.int8))
    file.scales[weights] = Scales([0.1] * scales)
    file.add("FULLY_CONNECTED", [file.input(1, 8, dtype="INT8"), weights], (1, 40), options="FullyConnectedOptions")
    kept = arena_of(file.finish(), tmp_path) - 48 - 16
    assert kept == 81 * 4 + 8 * 4 + 3 * 12 + 32 + 32 + 64 + (2 * 160 if scales > 1 else 0)


def test_ops_that_make_shapes_stay_with_an_interpreter_and_cost_a_compiler_nothing(tmp_path: Path) -> None:
    arenas = {}
    for is_open in (False, True):
        file = FileBuilder(written="INT8")
        x = file.input(1, 4, 4, 8, dtype="INT8")
        shape = file.stored([1, 128])
        if is_open:
            shape = file.add("SHAPE", [x], (4,), options="ShapeOptions")
            ends = [file.stored(values) for values in ([0], [1], [1])]
            first = file.add("STRIDED_SLICE", [shape, *ends], (), options="StridedSliceOptions", ShrinkAxisMask=1)
            shape = file.add("PACK", [first, file.stored(128)], (2,), options="PackOptions", ValuesCount=2)
        x = file.add("RESHAPE", [x, shape], (1, 128), options="ReshapeOptions")
        file.add("FULLY_CONNECTED", [x, file.stored(np.zeros((4, 128), np.int8))], (1, 4))
        arenas |= {(runtime, is_open): arena_of(file.finish(), tmp_path, runtime) for runtime in RUNTIMES}
    shape_ops = 3 * 32 + (1 + 4 + 2) * 12 + (4 + 24 + 8) + 96
    assert arenas["tflite_micro", True] - arenas["tflite_micro", False] == shape_ops
    assert arenas["x_cube_ai", True] == arenas["x_cube_ai", False]
