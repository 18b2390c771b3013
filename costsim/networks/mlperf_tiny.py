"""The four networks of MLPerf Tiny (Banbury et al. 2021, arXiv 2106.07597; mlcommons/tiny, benchmark/training)."""

from __future__ import annotations

from costsim.graph import LayerGraph, NetBuilder
from costsim.graph.builder import Tensor
from costsim.networks.mobilenet_v1 import mobilenet_v1
from costsim.networks.zoo import Family


def image_classification(
    *, name: str = "mlperf_tiny_resnet8", input_shape: tuple[int, int, int, int] = (1, 3, 32, 32), classes: int = 10
) -> LayerGraph:
    """ResNet-8 on CIFAR-10: three residual blocks of 16, 32 and 64 channels."""
    net = NetBuilder(name)
    x = net.input(*input_shape)
    with net.block("conv1"):
        x = net.conv_bn(x, 16, 3, bias=True)
    for number, (channels, stride) in enumerate(((16, 1), (32, 2), (64, 2)), start=1):
        with net.block(f"block{number}"):
            y = net.conv_bn(x, channels, 3, stride=stride, padding=_same(stride), bias=True)
            y = net.conv_bn(y, channels, 3, act=None, bias=True)
            shortcut = x if stride == 1 else net.conv(x, channels, 1, stride=stride, bias=True)
            x = net.act(net.add_tensors(shortcut, y))
    net.classifier(x, classes)
    return net.graph


def keyword_spotting(
    *, name: str = "mlperf_tiny_ds_cnn", input_shape: tuple[int, int, int, int] = (1, 1, 49, 10), classes: int = 12
) -> LayerGraph:
    """DS-CNN on Speech Commands: a 10x4 convolution, then four depthwise and pointwise pairs of 64 channels."""
    net = NetBuilder(name)
    x = net.input(*input_shape)
    with net.block("conv1"):
        x = net.conv_bn(x, 64, (10, 4), stride=2, padding=(4, 5, 1, 1), bias=True)
    for pair in range(1, 5):
        with net.block(f"pair{pair}"):
            x = net.depthwise_bn(x, 3, bias=True)
            x = net.conv_bn(x, 64, 1, bias=True)
    net.classifier(x, classes)
    return net.graph


def visual_wake_words(
    *, name: str = "mlperf_tiny_mobilenet", input_shape: tuple[int, int, int, int] = (1, 3, 96, 96), classes: int = 2
) -> LayerGraph:
    """MobileNet v1 0.25x at 96 x 96 with two classes."""
    return mobilenet_v1(name=name, width=0.25, input_shape=input_shape, classes=classes)


def anomaly_detection(*, name: str = "mlperf_tiny_autoencoder", features: int = 640, batch: int = 1) -> LayerGraph:
    """A fully connected autoencoder on ToyADMOS: four layers of 128, eight values in the middle, four of 128 again."""
    net = NetBuilder(name)
    x = net.input(batch, features)
    for part, widths in (("encoder", (128, 128, 128, 128, 8)), ("decoder", (128, 128, 128, 128))):
        with net.block(part):
            for width in widths:
                x = _dense(net, x, width)
    net.linear(x, features)
    return net.graph


def _dense(net: NetBuilder, x: Tensor, width: int) -> Tensor:
    return net.act(net.bn(net.linear(x, width)))


def _same(stride: int) -> tuple[int, int, int, int]:
    """TensorFlow's SAME at even sizes: the odd pixel behind."""
    return (1, 1, 1, 1) if stride == 1 else (0, 1, 0, 1)


IMAGES = Family(image_classification, {"mlperf_tiny_resnet8": {}})
WORDS = Family(keyword_spotting, {"mlperf_tiny_ds_cnn": {}})
PERSONS = Family(visual_wake_words, {"mlperf_tiny_mobilenet": {}})
SOUNDS = Family(anomaly_detection, {"mlperf_tiny_autoencoder": {}})
