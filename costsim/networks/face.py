"""Face recognition on a classification backbone, as in the VarGNet paper's experiments."""

from __future__ import annotations

from costsim.graph import LayerGraph, NetBuilder
from costsim.networks.backbone import CLASSIFIER, attach_backbone
from costsim.networks.zoo import Family

BACKBONES = ("mobilenet_v1_1x", "shufflenet_v2_1x", "vargnet_v1_1x", "vargnet_v2_1x")

NOTES = ("which layer of the backbone the embedding reads was never published; its last map is assumed",)


def face_embedding(
    *,
    name: str = "face",
    backbone: str = "vargnet_v1_1x",
    embedding: int = 256,
    input_shape: tuple[int, int, int, int] = (1, 3, 112, 112),
) -> LayerGraph:
    """A 112 pixel face to 256 numbers: first convolution of stride 1, then BN, dropout, fully connected, BN.

    The embedding is ArcFace's option E (arXiv 1801.07698). It reads the backbone's last map, 7x7
    at this input, its widest convolution included.
    """
    net = NetBuilder(name, notes=NOTES)
    maps = attach_backbone(net, net.input(*input_shape), backbone, without=CLASSIFIER, stem_stride=1)
    with net.block("embedding"):
        x = net.dropout(net.bn(maps[max(maps)]))
        net.bn(net.linear(x, embedding))
    return net.graph


FAMILY = Family(face_embedding, {f"face_{backbone}": {"backbone": backbone} for backbone in BACKBONES})
