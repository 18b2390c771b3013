"""ViT (Dosovitskiy et al. 2020, arXiv 2010.11929) and DeiT (Touvron et al. 2020, arXiv 2012.12877), Table 1 of each."""

from __future__ import annotations

from costsim.graph import LayerGraph, NetBuilder
from costsim.graph.layers import Constant
from costsim.networks.common import published
from costsim.networks.transformer import dense, encoder_block, layer_norm, tokens_of
from costsim.networks.zoo import Family

DEPTH = 12
HEAD_DEPTH = 64

WIDTHS = {"tiny": 192, "small": 384, "base": 768}
"""Base is ViT's own; tiny and small are DeiT's."""


def vit(
    *,
    name: str = "vit_base_patch16",
    size: str = "base",
    patch: int = 16,
    distilled: bool = False,
    input_shape: tuple[int, int, int, int] = (1, 3, 224, 224),
    classes: int = 1000,
) -> LayerGraph:
    """Patches and a class token through twelve encoder blocks, heads of 64 features.

    DeiT is ViT trained otherwise: ``deit_tiny`` and ``vit_tiny_patch16`` are one architecture. The ``distilled``
    form has a second token with a classifier of its own; at inference the two are averaged. The position
    table belongs to one input size: at another one, the network is that with a table of that size.
    """
    width = published(WIDTHS, size, "size")
    net = NetBuilder(name)
    x = net.input(*input_shape)
    extra = 2 if distilled else 1
    with net.block("embedding"):
        tokens = tokens_of(net, net.conv(x, width, patch, stride=patch, padding=0, bias=True))
        count = extra + tokens.shape[1]
        own = net.add(Constant((input_shape[0], extra, width), learned=extra * width), name="tokens")
        table = net.add(Constant((1, count, width)), name="positions")
        tokens = net.add_tensors(net.concat(own, tokens), table)
    for number in range(1, DEPTH + 1):
        with net.block(f"block{number}"):
            tokens = encoder_block(net, tokens, width // HEAD_DEPTH)
    with net.block("classifier"):
        tokens = layer_norm(net, tokens)
        heads = [dense(net, net.flatten(token), classes) for token in net.split(tokens, *(1,) * extra)]
        if distilled:
            net.multiply(net.add_tensors(*heads))
    return net.graph


VIT = Family(
    vit,
    {f"vit_{size}_patch16": {"size": size} for size in WIDTHS}
    | {f"vit_{size}_patch32": {"size": size, "patch": 32} for size in ("small", "base")},
)
DEIT = Family(
    vit,
    {f"deit_{size}": {"size": size} for size in WIDTHS}
    | {f"deit_{size}_distilled": {"size": size, "distilled": True} for size in WIDTHS},
)
