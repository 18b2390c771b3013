"""Kinds of modules people bring: their multiply-accumulates by torch's own counter, their parameters by their sum."""

from __future__ import annotations

from typing import Any

import pytest

from costsim.importers import load_network
from tests.importers.torch_nets import Net, weight

torch = pytest.importorskip("torch")
nn = torch.nn
F = torch.nn.functional


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
    "noise injected": (
        Net(lambda s, x: s.conv(x + s.gain * torch.randn_like(x)), conv=nn.Conv2d(3, 4, 3), gain=weight(3, 1, 1)),
        (3, 8, 8),
    ),
    # norms that something computed scales
    "layer norm": (Net(lambda s, x: F.layer_norm(x, (8,), weight=s.fc(x)[0, 0]), fc=nn.Linear(8, 8)), (5, 8)),
    "batch norm": (
        Net(
            lambda s, x: F.batch_norm(x, s.m, s.v, *[s.fc(x.mean((2, 3)))[0]] * 2),
            fc=nn.Linear(3, 3),
            m=torch.zeros(3),
            v=torch.ones(3),
        ),
        (3, 8, 8),
    ),
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
