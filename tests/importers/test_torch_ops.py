"""Ops of torch beside the usual ones: products that its own counter leaves out, orders, transforms."""

from __future__ import annotations

import pytest

from costsim.importers import load_network
from tests.importers.torch_nets import Net, weight

torch = pytest.importorskip("torch")
nn = torch.nn
F = torch.nn.functional


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


def test_checks_that_torch_keeps_in_order_are_no_layers() -> None:
    graph = load_network(Net(lambda s, x: s.fc(torch.linalg.inv(s.fc(x))), fc=nn.Linear(4, 4)), (4, 4))
    assert (graph.total_macs, graph.total_params) == (2 * 64, 20)
    assert {node.layer.type_name for node in graph.unknown} == {"aten.linalg_inv_ex.default"}  # type: ignore[attr-defined]


def test_fourier_transforms_count_their_arithmetic() -> None:
    graph = load_network(Net(lambda s, x: torch.fft.irfft(torch.fft.rfft(x) * s.w), w=weight(9)), (16,))
    assert [node.layer.flops for node in graph.unknown] == [5 * 16 * 4 // 2] * 2  # type: ignore[attr-defined]


def test_frames_of_a_signal_are_as_many_transforms() -> None:
    module = Net(lambda s, x: torch.stft(x, 16, 8, window=s.w, return_complex=True).abs(), w=torch.ones(16))
    graph = load_network(module, (64,))
    assert [node.layer.flops for node in graph.unknown] == [9 * 5 * 16 * 4 // 2]  # type: ignore[attr-defined]
