"""Kinds of modules people bring: their multiply-accumulates by torch's own counter, their parameters by their sum."""

from __future__ import annotations

from typing import Any

import pytest

from costsim.errors import InputError
from costsim.importers import load_network
from tests.importers.test_torch import quiet

torch = pytest.importorskip("torch")
nn = torch.nn
F = torch.nn.functional


class Net(nn.Module):
    """A module made of parts by name and a function of them and the inputs."""

    def __init__(self, forward: Any, **parts: Any) -> None:
        super().__init__()
        for name, part in parts.items():
            if isinstance(part, torch.Tensor) and not isinstance(part, nn.Parameter):
                self.register_buffer(name, part)
            else:
                setattr(self, name, part)
        self.run = forward

    def forward(self, *inputs: Any) -> Any:
        return self.run(self, *inputs)


def weight(*shape: int) -> Any:
    return nn.Parameter(torch.randn(shape))


def tied() -> Any:
    net = nn.Sequential(nn.Conv2d(3, 3, 3), nn.Conv2d(3, 3, 3))
    net[1].weight = net[0].weight
    return net


def twice(layer: Any) -> Any:
    return nn.Sequential(layer, nn.ReLU(), layer)


def shifted(self: Any, x: Any) -> Any:
    moved = torch.zeros_like(x)
    moved[:, :2] = x[:, -2:]
    moved[:, 3] = x[:, 0]
    return self.conv(moved)


def interleaved(self: Any, x: Any) -> Any:
    y = torch.zeros(x.shape[0], 2 * x.shape[1], *x.shape[2:])
    y[:, 0::2] = x
    y[:, 1::2] = x * 2
    return self.conv(y)


def overwritten(self: Any, x: Any) -> Any:
    y = self.conv(x)
    y[:, :, 1:3, 1:3] = 0
    return self.head(y)


def table_lookup(self: Any, x: Any) -> Any:
    bias = self.table[self.index.flatten()].view(4, 4, 2).permute(2, 0, 1)
    return (x @ x.transpose(-1, -2) + bias).softmax(-1) @ x


def grouped_dynamic(self: Any, x: Any) -> Any:
    kernels = self.make(x.mean((2, 3))).view(4, 1, 3, 3)
    return F.conv2d(x, kernels, padding=1, groups=4)


def conditional(self: Any, x: Any) -> Any:
    gates = self.route(x.mean((2, 3))).sigmoid()
    kernels = (gates @ self.experts.flatten(1)).view(6, 4, 3, 3)
    return F.conv2d(x, kernels, padding=1)


def masked_groups(self: Any, x: Any) -> Any:
    mask = torch.ones(x.shape[2], x.shape[2]).tril() == 0
    return F.scaled_dot_product_attention(x, x[:, :1], x[:, :1], attn_mask=mask, enable_gqa=True)


def contracted(self: Any, x: Any) -> Any:
    y = self.norm(self.fc(torch.einsum("bii,bij->bij", x, x)))
    return torch.tensordot(y, self.a, ([1, 2], [0, 1])), torch.inner(y, self.b)


def by_cells(self: Any, x: Any) -> Any:
    state = x.new_zeros(x.shape[0], 5)
    states = (state, state)
    for step in range(x.shape[1]):
        states = self.cell(x[:, step], states)
    return states[0]


def listed(self: Any, x: Any) -> Any:
    y = x.clone()
    y[:, [0, 2], 1] = x[:, [1, 1], 2] * 2
    columns = F.unfold(y, 2, padding=1, stride=2)[:, :, [0, 1, 3, 2]].mT.repeat(1, 4, 1)
    return self.fc(torch.zeros(1, 8, 12).scatter_add(1, self.index % 8, columns))


def group_norm_3d() -> Any:
    return nn.Sequential(nn.Conv3d(4, 8, (1, 3, 3), groups=2), nn.GroupNorm(2, 8), nn.AvgPool3d(2), nn.PReLU(8))


def places(self: Any, x: Any) -> Any:
    return self.fc(F.adaptive_max_pool2d(self.conv(x), 4, return_indices=True)[1].float())


def mapped(self: Any, x: Any) -> Any:
    from torch._higher_order_ops.map import map as over

    return over(lambda step: self.fc(step).relu(), x.transpose(0, 1))


KINDS = {
    # parameters used more than once, or fixed
    "linear called twice": (twice(nn.Linear(16, 16)), (16,)),
    "convolution called twice": (twice(nn.Conv2d(4, 4, 3, padding=1)), (4, 8, 8)),
    "batch norm called twice": (twice(nn.BatchNorm2d(4)), (4, 8, 8)),
    "layer norm called twice": (twice(nn.LayerNorm(16)), (5, 16)),
    "slopes called twice": (nn.Sequential(s := nn.PReLU(4), nn.Conv2d(4, 4, 1), s), (4, 8, 8)),
    "tied weights with a bias each": (tied(), (3, 9, 9)),
    "one slope": (nn.Sequential(nn.Conv2d(3, 4, 3), nn.PReLU()), (3, 8, 8)),
    "learned numbers": (
        Net(lambda s, x: x + s.conv(x) * s.alpha + s.beta, conv=nn.Conv2d(4, 4, 1), alpha=weight(1), beta=weight(1)),
        (4, 8, 8),
    ),
    "temperature": (Net(lambda s, x: s.fc(x) * s.scale.exp(), fc=nn.Linear(8, 4), scale=weight()), (8,)),
    "gain used twice": (Net(lambda s, x: s.fc(x * s.gain) * s.gain, fc=nn.Linear(8, 8), gain=weight(8)), (8,)),
    "fixed blur": (
        Net(
            lambda s, x: F.conv2d(s.conv(x), s.k, groups=6, stride=2), conv=nn.Conv2d(3, 6, 3), k=torch.ones(6, 1, 3, 3)
        ),
        (3, 12, 12),
    ),
    "fixed matrix": (Net(lambda s, x: F.linear(s.fc(x), s.basis), fc=nn.Linear(8, 8), basis=torch.ones(5, 8)), (8,)),
    "fixed normalisation": (
        Net(lambda s, x: s.conv((x - s.mean) / 2), conv=nn.Conv2d(3, 4, 3), mean=torch.ones(1, 3, 1, 1)),
        (3, 8, 8),
    ),
    "standardised weights": (
        Net(lambda s, x: F.conv2d(x, (s.w - s.w.mean()) * s.gain), w=weight(8, 3, 3, 3), gain=weight(8, 1, 1, 1)),
        (3, 8, 8),
    ),
    "relative position table": (Net(table_lookup, table=weight(9, 2), index=torch.randint(0, 9, (4, 4))), (2, 4, 8)),
    # writes into parts of a tensor
    "channels moved": (Net(shifted, conv=nn.Conv2d(4, 6, 3)), (4, 8, 8)),
    "channels interleaved": (Net(interleaved, conv=nn.Conv2d(8, 6, 3)), (4, 8, 8)),
    "part overwritten": (Net(overwritten, conv=nn.Conv2d(3, 4, 3), head=nn.Conv2d(4, 2, 1)), (3, 8, 8)),
    # kernels computed at run time
    "depthwise kernels made by a layer": (Net(grouped_dynamic, make=nn.Linear(4, 36)), (4, 8, 8)),
    "experts mixed by a gate": (Net(conditional, route=nn.Linear(4, 3), experts=weight(3, 6, 4, 3, 3)), (4, 8, 8)),
    "correlation of two features": (
        Net(lambda s, x: F.conv2d(s.conv(x), s.conv(x)[:, :, :3, :3]), conv=nn.Conv2d(3, 4, 3)),
        (3, 12, 12),
    ),
    # products
    "einsum": (Net(lambda s, x: torch.einsum("bhid,bhjd->bhij", x, x).softmax(-1)), (2, 5, 6)),
    "einsum with a weight": (Net(lambda s, x: torch.einsum("bchw,oc->bohw", x, s.w), w=weight(5, 4)), (4, 6, 6)),
    "grouped queries": (
        Net(lambda s, x: F.scaled_dot_product_attention(x, x[:, :2], x[:, :2], enable_gqa=True)),
        (4, 5, 8),
    ),
    "grouped queries and a mask": (Net(masked_groups), (4, 5, 8)),
    "contractions of several kinds": (
        Net(contracted, fc=nn.Linear(4, 4), a=weight(4, 4, 3), b=weight(6, 4), norm=nn.RMSNorm(4)),
        (4, 4),
    ),
    "cells of an LSTM in a loop": (Net(by_cells, cell=nn.LSTMCell(4, 5)), (3, 4)),
    "places of maxima": (Net(places, conv=nn.Conv2d(3, 4, 3), fc=nn.Linear(4, 2)), (3, 16, 16)),
    "quantised while it learned": (
        Net(
            lambda s, x: F.linear(
                torch.fake_quantize_per_tensor_affine(x, 0.1, 0, -128, 127),
                torch.fake_quantize_per_tensor_affine(s.w, 0.1, 0, -128, 127),
            ),
            w=weight(4, 8),
        ),
        (8,),
    ),
    "elements and windows": (Net(listed, fc=nn.Linear(12, 2), index=torch.zeros(1, 16, 12).long()), (3, 4, 4)),
    # one and three dimensions
    "conv1d": (nn.Sequential(nn.Conv1d(3, 6, 3), nn.BatchNorm1d(6), nn.MaxPool1d(2), nn.AdaptiveAvgPool1d(1)), (3, 20)),
    "conv3d": (nn.Sequential(nn.Conv3d(3, 6, 3, stride=2), nn.BatchNorm3d(6), nn.AdaptiveAvgPool3d(1)), (3, 5, 9, 9)),
    "grouped conv3d": (group_norm_3d(), (4, 6, 8, 8)),
    "transposed conv3d": (nn.ConvTranspose3d(4, 2, 2, stride=2), (4, 3, 4, 4)),
    "volumes enlarged": (
        nn.Sequential(nn.Upsample(scale_factor=2, mode="trilinear"), nn.Conv3d(2, 3, 1), nn.InstanceNorm3d(3)),
        (2, 3, 4, 4),
    ),
    # inputs
    "vector": (nn.Sequential(nn.Linear(8, 4), nn.Tanh()), (8,)),
    "words": (nn.Sequential(nn.Embedding(20, 8), nn.Linear(8, 3)), (7,)),
    "words and a mask": (
        Net(
            lambda s, w, m: s.fc(s.table(w).masked_fill(m.unsqueeze(-1), 0.0)),
            table=nn.Embedding(9, 4),
            fc=nn.Linear(4, 2),
        ),
        [(7,), (7,)],
    ),
    "two images": (
        Net(lambda s, a, b: s.a(a) + s.b(b), a=nn.Conv2d(3, 4, 3), b=nn.Conv2d(1, 4, 3)),
        [(3, 8, 8), (1, 8, 8)],
    ),
}


def inputs_of(size: Any, name: str) -> list[Any]:
    sizes = size if isinstance(size, list) else [size]
    made = [torch.zeros(1, *s) for s in sizes]
    if "words" in name:
        made[0] = made[0].long()
        made[1:] = [mask.bool() for mask in made[1:]]
    return made


@pytest.mark.parametrize("name", KINDS)
def test_counts_are_those_of_torch(name: str) -> None:
    from torch.nn.attention import SDPBackend, sdpa_kernel
    from torch.utils.flop_counter import FlopCounterMode

    module, size = KINDS[name]
    module.eval()
    with FlopCounterMode(display=False) as counter, torch.no_grad(), sdpa_kernel(SDPBackend.MATH):
        module(*inputs_of(size, name))
    graph = load_network(module, size)
    assert graph.total_macs == counter.get_total_flops() // 2
    assert graph.total_params == sum(parameter.numel() for parameter in module.parameters())
    assert not graph.unknown
    assert not graph.notes


@pytest.mark.parametrize(
    "change", [lambda m: m.half(), lambda m: m.bfloat16(), lambda m: m.double(), lambda m: m.to("meta")]
)
def test_the_type_and_device_of_a_module_do_not_matter(change: Any) -> None:
    module = change(nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.ReLU(), nn.Flatten(), nn.Linear(144, 2)))
    graph = load_network(module, (3, 8, 8))
    assert (graph.total_macs, graph.total_params) == (4 * 27 * 36 + 288, 112 + 8 + 290)


def test_parameters_of_parts_that_do_not_run_are_named() -> None:
    module = Net(lambda s, x: s.conv(x), conv=nn.Conv2d(3, 4, 3), auxiliary=nn.Conv2d(4, 4, 1))
    graph = load_network(module, (3, 8, 8))
    assert graph.total_params == 112
    assert graph.notes == ("the module holds 132 parameters; 20 of them reach no layer: auxiliary",)


def test_layers_on_learned_constants_are_folded_and_said() -> None:
    module = Net(lambda s, x: s.conv(s.start) * x.mean(), conv=nn.Conv2d(4, 6, 3), start=weight(1, 4, 8, 8))
    graph = load_network(module, (3, 8, 8))
    assert graph.total_params == 256 + 6 * 36 + 6
    assert graph.notes == ("7,776 multiply-accumulates of conv2d on constants alone run once, when it is loaded",)


SELECTIONS = {
    "mask": lambda s, x: s.conv(x)[x[:, :1].expand(-1, 4, -1, -1) > 0],
    "nonzero": lambda s, x: (s.conv(x) > 0).nonzero(),
    "as many as a list says": lambda s, x: s.conv(x).flatten().split(x.long().flatten()[:2].tolist())[0] * 2,
    "rows kept": lambda s, x: s.head(s.conv(x).flatten(2)[0].T[x[0, 0].flatten() > 0.5]),
}


@pytest.mark.parametrize("forward", SELECTIONS.values(), ids=SELECTIONS)
def test_what_follows_a_size_of_the_data_is_cut_off(forward: Any) -> None:
    module = Net(forward, conv=nn.Conv2d(3, 4, 1), head=nn.Linear(4, 2))
    graph = load_network(module, (3, 8, 8))
    assert graph.total_macs == 12 * 64
    assert len(graph.unknown) == 1
    assert "its size depends on the data" in graph.unknown[0].layer.type_name
    assert any(note.startswith("cut at aten.") for note in graph.notes)


def test_decisions_on_the_data_end_what_can_be_counted(capfd: Any) -> None:
    module = Net(lambda s, x: s.conv(x) if x[x > 0].numel() > 9 else x, conv=nn.Conv2d(3, 3, 1))
    graph = load_network(module, (3, 8, 8))
    assert graph.total_macs == 0
    assert any(note.startswith("cut at nonzero") and "not counted" in note for note in graph.notes)
    assert any(note.endswith("reach no layer: conv") for note in graph.notes)
    assert "".join(capfd.readouterr()) == ""


def program(module: Any, *shape: int, **options: Any) -> Any:
    return torch.export.export(module.eval(), (torch.zeros(*shape),), **options)


def test_a_program_runs_at_the_batch_asked_for_and_refuses_another_size() -> None:
    net = program(nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU()), 1, 3, 8, 8)
    assert load_network(net, batch=8).total_macs == 8 * load_network(net).total_macs
    assert load_network(net, (3, 8, 8)).input_shape == (1, 3, 8, 8)
    with pytest.raises(InputError, match="the program was exported for 3x8x8"):
        load_network(net, (3, 16, 16))
    written = program(Net(lambda s, x: x.reshape(2, 8).relu()), 1, 4, 4)
    with pytest.raises(InputError, match="8x4x4 does not pass"):
        load_network(written, batch=8)


def test_open_sizes_are_those_of_the_example_and_stay_open() -> None:
    sizes = {2: torch.export.Dim("h", max=64), 3: torch.export.Dim("w", max=64)}
    forward = Net(
        lambda s, x: s.fc(s.conv(x).reshape(x.shape[0], 4, x.shape[2] * x.shape[3]).mT),
        conv=nn.Conv2d(3, 4, 1),
        fc=nn.Linear(4, 5),
    )
    net = program(forward, 1, 3, 8, 8, dynamic_shapes=((sizes,),))
    assert load_network(net, (3, 16, 8)).total_macs == 128 * 32
    with pytest.raises(InputError, match="the program was exported for 3x8x8"):
        load_network(net, (3, 128, 8))
    before = str(net)
    assert [load_network(net).total_macs for _ in range(2)] == [64 * 32] * 2
    assert str(net) == before


def test_a_size_that_follows_from_an_open_one_is_the_one_asked_for() -> None:
    sizes = {2: 4 * torch.export.Dim("h", max=64)}
    net = program(nn.Conv2d(3, 4, 1), 1, 3, 16, 8, dynamic_shapes=(sizes,))
    assert load_network(net, (3, 40, 8)).total_macs == 12 * 320
    assert load_network(net.module(), (3, 20, 8)).total_macs == 12 * 160, "a program as a module"
    with pytest.raises(InputError, match="the program was exported for 3x16x8"):
        load_network(net, (3, 42, 8))


def test_sizes_that_no_tensor_has_are_one_line() -> None:
    with pytest.raises(InputError, match="must be non-negative"):
        load_network(nn.Conv2d(3, 4, 1), (3, -1, 8))


def test_numbers_read_out_of_tensors_are_said_to_be_assumed() -> None:
    module = Net(lambda s, x: F.interpolate(s.conv(x), size=(int(x.max().item() * 3),) * 2), conv=nn.Conv2d(3, 4, 1))
    assert "each is taken to be 4" in load_network(module, (3, 8, 8)).notes[0]


class Unseen(torch.autograd.Function):  # type: ignore[misc]
    """As reversible blocks are written: what it runs is hidden from the trace."""

    @staticmethod
    def forward(ctx: Any, x: Any, layer: Any) -> Any:
        return layer(x.detach()).detach()

    @staticmethod
    def backward(ctx: Any, gradient: Any) -> Any:
        return gradient, None


def test_functions_with_a_backward_pass_of_their_own_are_looked_into() -> None:
    graph = load_network(Net(lambda s, x: Unseen.apply(x, s.conv), conv=nn.Conv2d(3, 4, 1)), (3, 8, 8))
    assert (graph.total_macs, graph.total_params) == (12 * 64, 16)


def test_an_op_without_a_rule_for_its_shape_is_named_with_the_way_out() -> None:
    library = torch.library.Library("unruled", "DEF")
    library.define("op(Tensor x) -> Tensor")
    library.impl("op", lambda x: x * 2, "CPU")
    module = Net(lambda s, x: torch.ops.unruled.op(s.conv(x)), conv=nn.Conv2d(3, 4, 1))
    with pytest.raises(InputError, match=r"unruled\.op\.default does not say.*torch\.library\.register_fake"):
        load_network(module, (3, 8, 8))


def test_inputs_can_be_named() -> None:
    class Two(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.a, self.b = nn.Conv2d(3, 4, 1), nn.Conv2d(1, 4, 1)

        def forward(self, image: Any, depth: Any) -> Any:
            return self.a(image) + self.b(depth)

    sizes = {"depth": (1, 8, 8), "image": (3, 8, 8)}
    assert load_network(Two(), sizes).total_macs == 64 * 16
    exported = torch.export.export(Two(), (torch.zeros(1, 3, 8, 8), torch.zeros(1, 1, 8, 8)))
    assert load_network(exported, sizes).total_macs == load_network(exported, list(sizes.values())[::-1]).total_macs
    with pytest.raises(InputError, match="the program was exported for 1x8x8"):
        load_network(exported, {**sizes, "depth": (1, 9, 8)})
    with pytest.raises(InputError, match="unknown input 'dept'; did you mean depth"):
        load_network(exported, {"dept": (1, 8, 8)})


def test_what_the_onnx_exporter_returns_is_read() -> None:
    pytest.importorskip("onnxscript")
    net = nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU()).eval()
    with quiet():
        exported = torch.onnx.export(net, (torch.zeros(1, 3, 8, 8),), dynamo=True, verbose=False)
    assert load_network(exported).total_params == 112


def test_a_part_that_is_a_script_is_refused_in_one_line() -> None:
    with quiet():
        scripted = nn.Sequential(nn.Linear(4, 4), torch.jit.script(nn.Sequential(nn.Linear(4, 4))))
    with pytest.raises(InputError, match="a part of it is a script module"):
        load_network(scripted, (4,))


def test_script_modules_are_refused_in_one_line() -> None:
    with quiet():
        script = torch.jit.trace(nn.Conv2d(3, 4, 3), torch.zeros(1, 3, 8, 8))
    with pytest.raises(InputError, match=r"give the nn\.Module itself"):
        load_network(script, (3, 8, 8))


RECURRENT = {
    "lstm": (nn.LSTM(8, 6, batch_first=True), 10 * 24 * 14),
    "lstm, steps first": (nn.LSTM(8, 6), 10 * 24 * 14),
    "two layers both ways": (nn.LSTM(8, 6, 2, batch_first=True, bidirectional=True), 10 * 2 * 24 * (14 + 18)),
    "gru": (nn.GRU(8, 6, batch_first=True, bidirectional=True), 10 * 2 * 18 * 14),
    "gru without bias": (nn.GRU(8, 6, bias=False), 10 * 18 * 14),
    "projected": (nn.LSTM(8, 6, proj_size=3, batch_first=True, bidirectional=True), 10 * 2 * (24 * 11 + 18)),
    "relu recurrence": (nn.RNN(8, 6, nonlinearity="relu", batch_first=True), 10 * 6 * 14),
}


@pytest.mark.parametrize("name", RECURRENT)
@pytest.mark.parametrize("states", [False, True])
def test_recurrent_modules_are_one_layer_for_each_of_theirs(name: str, states: bool) -> None:
    module, macs = RECURRENT[name]
    first = not module.batch_first
    net = Net(lambda s, x: s.r(x.transpose(0, 1) if first else x)[1 if states else 0], r=module)
    graph = load_network(net, (10, 8))
    assert graph.total_macs == macs
    assert graph.total_params == sum(parameter.numel() for parameter in module.parameters())
    assert sum(node.layer.op == "recurrent" for node in graph) == module.num_layers
    assert not graph.unknown
    assert not graph.notes


def test_products_that_torch_counts_not_at_all_are_counted() -> None:
    module = Net(
        lambda s, x: (s.bilinear(x[:, 0], x[:, 1]), torch.addbmm(s.b, x, s.w)),
        bilinear=nn.Bilinear(8, 8, 7),
        w=weight(1, 8, 6),
        b=weight(5, 6),
    )
    graph = load_network(module, (5, 8))
    assert graph.total_macs == 8 * 8 * 7 + 8 * 7 + 5 * 8 * 6
    assert graph.total_params == sum(parameter.numel() for parameter in module.parameters())
    assert not graph.unknown
    added = load_network(Net(lambda s, x: torch.addmv(s.a, s.w, x[0])[None], a=weight(8), w=weight(8, 6)), (6,))
    assert (added.total_macs, added.total_params) == (48, 56)


def test_orders_and_running_sums_count_their_arithmetic() -> None:
    module = Net(lambda s, x: s.fc(torch.log1p(x.cumsum(1)).sort(1)[0].topk(4, 1)[0]), fc=nn.Linear(4, 2))
    graph = load_network(module, (16,))
    assert graph.total_macs == 8
    assert {n.layer.type_name: n.layer.flops for n in graph.unknown} == {"cumsum": 16, "sort": 16 * 4, "topk": 16 * 4}
    assert graph.notes == ("ops without a layer of their own, bytes and arithmetic counted: cumsum, sort, topk",)


def test_slopes_computed_at_run_time() -> None:
    module = Net(lambda s, x: F.prelu(s.conv(x), s.fc(x.mean((2, 3)))[0]), conv=nn.Conv2d(3, 4, 1), fc=nn.Linear(3, 4))
    graph = load_network(module, (3, 8, 8))
    assert (graph.total_macs, graph.total_params) == (12 * 64 + 12, 32)


@pytest.mark.slow
def test_attention_with_a_function_of_its_scores_counts_both_products() -> None:
    from torch.nn.attention.flex_attention import flex_attention

    module = Net(lambda s, x: flex_attention(x, x, x, score_mod=lambda score, b, h, q, k: score + q - k))
    assert load_network(module, (2, 5, 8)).total_macs == 2 * 2 * 5 * 5 * 8


def scanned(self: Any, x: Any) -> Any:
    from torch._higher_order_ops.scan import scan

    def step(state: Any, part: Any) -> Any:
        made = torch.tanh(self.a(part) + self.b(state))
        return made, made.clone()

    return scan(step, torch.zeros(x.shape[0], 6), x, dim=1)[1]


def test_a_body_for_every_step_is_read_as_often_with_its_weights_once() -> None:
    graph = load_network(Net(scanned, a=nn.Linear(8, 6), b=nn.Linear(6, 6)), (5, 8))
    assert graph.total_macs == 5 * (8 * 6 + 6 * 6)
    assert graph.total_params == 8 * 6 + 6 + 6 * 6 + 6
    assert graph.outputs[0].shape == (1, 5, 6)
    over = load_network(Net(mapped, fc=nn.Linear(8, 6)), (5, 8))
    assert (over.total_macs, over.total_params) == (5 * 48, 54)


def test_a_network_whose_first_op_is_decided_by_the_data_is_refused_in_one_line() -> None:
    branching = Net(lambda s, x: torch.cond(x.sum() > 0, s.a, s.b, (x,)), a=nn.Linear(4, 4), b=nn.Linear(4, 4))
    with pytest.raises(InputError, match="cond 'cond': what runs depends on the data"):
        load_network(branching, (4,))


def test_checks_that_torch_keeps_in_order_are_no_layers() -> None:
    graph = load_network(Net(lambda s, x: s.fc(torch.linalg.inv(s.fc(x))), fc=nn.Linear(4, 4)), (4, 4))
    assert (graph.total_macs, graph.total_params) == (2 * 64, 20)
    assert {node.layer.type_name for node in graph.unknown} == {"aten.linalg_inv_ex.default"}  # type: ignore[attr-defined]


def test_fourier_transforms_count_their_arithmetic() -> None:
    graph = load_network(Net(lambda s, x: torch.fft.irfft(torch.fft.rfft(x) * s.w), w=weight(9)), (16,))
    assert [node.layer.flops for node in graph.unknown] == [5 * 16 * 4 // 2] * 2  # type: ignore[attr-defined]


class OneArgument(nn.Module):
    """Takes all its inputs in one list or dict."""

    def __init__(self, *keys: Any) -> None:
        super().__init__()
        self.keys = keys
        self.a, self.b = nn.Conv2d(3, 4, 3), nn.Linear(8, 4)

    def forward(self, batch: Any) -> Any:
        image, words = (batch[key] for key in self.keys)
        return self.a(image) + self.b(words)[:, :, None, None]


def test_inputs_in_one_list_or_dict() -> None:
    for module, size in (
        (OneArgument(0, 1), [(3, 8, 8), (8,)]),
        (OneArgument("image", "words"), {"image": (3, 8, 8), "words": (8,)}),
    ):
        assert load_network(module, size).total_macs == 4 * 27 * 36 + 32


def test_one_recurrent_module_used_twice_has_its_parameters_once() -> None:
    module = Net(lambda s, x: s.r(s.r(x)[0])[0], r=nn.GRU(6, 6, batch_first=True))
    graph = load_network(module, (5, 6))
    assert graph.total_params == sum(parameter.numel() for parameter in module.parameters())
    assert graph.total_macs == 2 * 5 * 18 * 12


def packed(self: Any, x: Any) -> Any:
    sequence = nn.utils.rnn.pack_padded_sequence(x, [5] * x.shape[0], batch_first=True, enforce_sorted=False)
    states, (last, _) = self.r(sequence)
    return nn.utils.rnn.pad_packed_sequence(states, batch_first=True)[0], last


def test_packed_sequences_are_taken_at_their_full_length() -> None:
    graph = load_network(Net(packed, r=nn.LSTM(8, 6, batch_first=True, bidirectional=True)), (5, 8), batch=2)
    assert graph.total_macs == 2 * 5 * 2 * 24 * 14
    assert (2, 5, 12) in [node.shape for node in graph.outputs]
    assert graph.notes == ("packed sequences are taken to be as long as the padded ones they are made of",)


def test_long_sequences_are_read_as_quickly_as_short_ones() -> None:
    module = Net(lambda s, x: s.r(x)[0], r=nn.LSTM(16, 16, batch_first=True))
    assert [len(load_network(module, (steps, 16))) for steps in (4, 400)] == [2, 2]
