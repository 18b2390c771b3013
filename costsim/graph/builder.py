"""The words zoo networks are written in: each call adds a layer and returns its tensor."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from costsim.graph import layers as L
from costsim.graph.layergraph import LayerGraph
from costsim.graph.layers import Dim, Layer, Shape


@dataclass(slots=True, eq=False)
class Tensor:
    """The output of a node while a network is being written."""

    name: str
    shape: Shape

    @property
    def c(self) -> Dim:
        return self.shape[1]

    @property
    def h(self) -> Dim:
        return self.shape[2]

    @property
    def w(self) -> Dim:
        return self.shape[3]


class NetBuilder:
    """Writes a ``LayerGraph``. Layers are named ``block.op_k``, counted within their block."""

    def __init__(self, name: str, *, source: str = "zoo", notes: tuple[str, ...] = ()) -> None:
        self.graph = LayerGraph(name, source=source, notes=notes)
        self._block = ""
        self._seen: dict[str, int] = {}

    def block(self, name: str) -> _Block:
        """Layers added inside ``with net.block(name):`` belong to this block; blocks nest into dotted paths."""
        return _Block(self, name)

    def add(self, layer: Layer, *inputs: Tensor, name: str | None = None) -> Tensor:
        """Append any layer."""
        block, word = self._block, name or layer.op
        stem = f"{block}.{word}" if block else word
        count = self._seen[stem] = self._seen.get(stem, 0) + 1
        unique = stem if name and count == 1 else f"{stem}_{count}"
        node = self.graph.add(layer, *[t.name for t in inputs], name=unique, block=block)
        return Tensor(unique, node.placed.output)

    def repeat(self, names: Sequence[str], x: Tensor, write: Callable[[Tensor], Tensor]) -> Tensor:
        """Blocks one after another, each what ``write`` makes of the tensor before.

        A block that reads the shape its predecessor read is a copy of it, which is sooner made. So ``write`` does the
        same every time, and what it reads besides its argument is never ``x``.
        """
        paths = [f"{self._block}.{name}" if self._block else name for name in names]
        for number, (name, path) in enumerate(zip(names, paths, strict=True), start=1):
            with self.block(name):
                y = write(x)
            if y is x or _same(x.shape, y.shape):
                last = self.graph.repeat(path, paths[number:], x.name, y.name)
                return Tensor(last, y.shape)
            x = y
        return x

    def input(self, *shape: Dim) -> Tensor:
        return self.add(_layer(L.Input, shape), name="input")

    def conv(self, x: Tensor, c_out: Dim, kernel: Any = 1, **options: Any) -> Tensor:
        """A bare convolution; ``options`` are those of ``Conv2d``."""
        return self.add(_layer(L.Conv2d, c_out, kernel, **options), x)

    def deconv(self, x: Tensor, c_out: Dim, kernel: Any = 2, **options: Any) -> Tensor:
        """A bare transposed convolution; ``options`` are those of ``ConvTranspose2d``."""
        return self.add(_layer(L.ConvTranspose2d, c_out, kernel, **options), x)

    def conv_bn(self, x: Tensor, c_out: Dim, kernel: Any = 1, act: str | None = "relu", **options: Any) -> Tensor:
        """Convolution, batch norm and, unless ``act`` is None, an activation."""
        return self.act(self.bn(self.conv(x, c_out, kernel, **options)), act)

    def depthwise_bn(self, x: Tensor, kernel: Any = 3, act: str | None = "relu", **options: Any) -> Tensor:
        """Depthwise convolution, batch norm and, unless ``act`` is None, an activation."""
        return self.conv_bn(x, x.c, kernel, act, groups=x.c, **options)

    def bn(self, x: Tensor) -> Tensor:
        return self.add(_made(L.BatchNorm), x)

    def act(self, x: Tensor, function: str | None = "relu") -> Tensor:
        return self.add(_made(L.Activation, function), x) if function else x

    def lrn(self, x: Tensor, size: int = 5) -> Tensor:
        return self.add(_layer(L.LRN, size), x)

    def linear(self, x: Tensor, features: Dim, bias: bool = True) -> Tensor:
        """Fully connected over all of ``x``: maps are flattened first."""
        return self.add(_layer(L.Linear, features, bias=bias), self.flatten(x) if len(x.shape) > 2 else x)

    def max_pool(self, x: Tensor, kernel: Any, stride: Any = None, **options: Any) -> Tensor:
        return self.add(_layer(L.Pool2d, kernel, stride, function="max", **options), x)

    def avg_pool(self, x: Tensor, kernel: Any, stride: Any = None, **options: Any) -> Tensor:
        return self.add(_layer(L.Pool2d, kernel, stride, function="avg", **options), x)

    def global_pool(self, x: Tensor) -> Tensor:
        return self.add(_made(L.GlobalPool), x)

    def add_tensors(self, *tensors: Tensor) -> Tensor:
        return self.add(_made(L.Add), *tensors)

    def multiply(self, *tensors: Tensor) -> Tensor:
        return self.add(_made(L.Multiply), *tensors)

    def concat(self, *tensors: Tensor, axis: int = 1) -> Tensor:
        return self.add(_layer(L.Concat, axis), *tensors)

    def split(self, x: Tensor, *channels: Dim) -> tuple[Tensor, ...]:
        """One slice per entry of ``channels``, in order."""
        parts, start = [], 0
        for count in channels:
            parts.append(self.add(_layer(L.Slice, start, start + count), x))
            start = start + count
        return tuple(parts)

    def shuffle(self, x: Tensor, groups: Dim) -> Tensor:
        """Channel shuffle; that of one group adds no layer (in a design space of groups it stays, as a copy)."""
        return x if isinstance(groups, int) and groups == 1 else self.add(_layer(L.ChannelShuffle, groups), x)

    def flatten(self, x: Tensor) -> Tensor:
        return self.add(_made(L.Flatten), x)

    def dropout(self, x: Tensor) -> Tensor:
        return self.add(_made(L.Dropout), x)

    def output(self, x: Tensor) -> Tensor:
        """Hand ``x`` to the network's user although layers read it further on; outputs nobody reads need no such."""
        return self.add(_made(L.Output), x)

    def upsample(self, x: Tensor, scale: Any = 2, mode: str = "nearest") -> Tensor:
        return self.add(_layer(L.Upsample, scale, mode=mode), x)

    def squeeze_excite(
        self, x: Tensor, c_mid: Dim, act: str = "relu", gate: str = "sigmoid", bias: bool = True
    ) -> Tensor:
        """Global average, two 1x1 convolutions, and the scaling of ``x`` by the result."""
        with self.block("se"):
            s = self.act(self.conv(self.global_pool(x), c_mid, bias=bias), act)
            s = self.act(self.conv(s, x.c, bias=bias), gate)
            return self.multiply(x, s)

    def classifier(self, x: Tensor, classes: int = 1000, bias: bool = True) -> Tensor:
        """Global average pooling and one fully connected layer."""
        with self.block("classifier"):
            return self.linear(self.global_pool(x), classes, bias)


@dataclass(slots=True)
class _Block:
    """A block that is being written."""

    net: NetBuilder
    name: str
    outer: str = ""

    def __enter__(self) -> None:
        self.outer = self.net._block
        self.net._block = f"{self.outer}.{self.name}" if self.outer else self.name

    def __exit__(self, *error: object) -> None:
        self.net._block = self.outer


def _same(one: Shape, other: Shape) -> bool:
    """Whether two shapes are equal; those of whole design spaces are taken to differ."""
    return all(dim.__class__ is int for dim in (*one, *other)) and one == other


def _layer(kind: type[Layer], *fields: Any, **options: Any) -> Layer:
    """The layer; the same one for the same words, as networks repeat them."""
    try:
        return _made(kind, *fields, **options)
    except TypeError:  # arrays have no hash
        return kind(*fields, **options)


@lru_cache(maxsize=2**12, typed=True)
def _made(kind: type[Layer], *fields: Any, **options: Any) -> Layer:
    return kind(*fields, **options)
