"""Networks of Keras through TensorFlow's converter, as embedded projects make their files: judged by LiteRT.

In float, in int8 with the batch left open, and with weights alone in int8.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from costsim.importers import load_network
from tests.importers.litert import judge, read_as

pytestmark = pytest.mark.slow

tf = pytest.importorskip("tensorflow", reason="the converter is not here: pip install tensorflow-cpu")

K = tf.keras.layers


def block(x: Any, channels: int, stride: int = 1, activation: str | None = "relu6", kernel: Any = 3) -> Any:
    x = K.BatchNormalization()(K.Conv2D(channels, kernel, stride, "same", use_bias=False)(x))
    return K.Activation(activation)(x) if activation else x


def depthwise(x: Any, stride: int = 1) -> Any:
    return K.ReLU(6.0)(K.BatchNormalization()(K.DepthwiseConv2D(3, stride, "same", use_bias=False)(x)))


def classified(x: Any, classes: int = 10) -> Any:
    return K.Dense(classes, activation="softmax")(x)


def residual(image: Any) -> Any:
    x = block(image, 16)
    for channels, stride in ((16, 1), (32, 2), (64, 2)):
        y = block(block(x, channels, stride), channels, activation=None)
        x = x if stride == 1 else K.Conv2D(channels, 1, stride, "same")(x)
        x = K.ReLU()(K.Add()([x, y]))
    return classified(K.Flatten()(K.AveragePooling2D(8)(x)))


def keywords(sound: Any) -> Any:
    x = block(sound, 64, 2, kernel=(10, 4))
    for _ in range(4):
        x = block(depthwise(x), 64, kernel=1)
    return classified(K.Flatten()(K.AveragePooling2D((25, 5))(x)), 12)


def autoencoder(x: Any) -> Any:
    for units in (128, 128, 8, 128):
        x = K.ReLU()(K.BatchNormalization()(K.Dense(units)(x)))
    return K.Dense(640)(x)


def separable(image: Any) -> Any:
    x = block(image, 8, 2)
    for channels, stride in ((16, 1), (32, 2), (64, 2), (64, 1)):
        x = block(depthwise(x, stride), channels, kernel=1)
    return classified(K.GlobalAveragePooling2D()(x), 2)


def squeeze_excite(image: Any) -> Any:
    x = block(image, 16, 2, "swish")
    gate = K.Conv2D(8, 1, activation="relu")(K.GlobalAveragePooling2D(keepdims=True)(x))
    x = K.Multiply()([x, K.Conv2D(16, 1, activation="hard_sigmoid")(gate)])
    return classified(K.GlobalMaxPooling2D()(x))


def encoder_decoder(image: Any) -> Any:
    down = [block(image, 8)]
    for channels in (16, 32):
        down.append(block(K.MaxPooling2D()(down[-1]), channels))
    x = down.pop()
    for channels in (16, 8):
        x = K.Conv2DTranspose(channels, 2, 2)(x)
        x = block(K.Concatenate()([x, down.pop()]), channels)
    x = K.UpSampling2D(interpolation="bilinear")(x)
    return K.Conv2D(1, 1, activation="sigmoid")(x)


def dilated(image: Any) -> Any:
    x = image
    for rate in (1, 2, 4):
        x = K.Conv2D(8, 3, dilation_rate=rate, padding="same", activation="relu")(x)
    return classified(K.GlobalAveragePooling2D()(x))


def over_time(signal: Any) -> Any:
    x = signal
    for channels in (16, 32):
        x = K.MaxPooling1D(2)(K.Conv1D(channels, 5, padding="same", activation="relu")(x))
    return classified(K.GlobalAveragePooling1D()(x), 6)


def attention(signal: Any) -> Any:
    x = K.Dense(16)(signal)
    x = K.LayerNormalization()(K.Add()([x, K.MultiHeadAttention(2, 8)(x, x)]))
    return classified(K.Flatten()(K.Dense(16, activation="gelu")(x)), 6)


NETWORKS: dict[Callable[[Any], Any], tuple[int, ...]] = {
    residual: (32, 32, 3),
    keywords: (49, 10, 1),
    autoencoder: (640,),
    separable: (96, 96, 3),
    squeeze_excite: (64, 64, 3),
    encoder_decoder: (32, 32, 3),
    dilated: (32, 32, 8),
    over_time: (64, 6),
    attention: (16, 8),
}


def converted(make: Callable[[Any], Any], form: str) -> bytes:
    shape = NETWORKS[make]
    given = tf.keras.Input(shape)
    converter = tf.lite.TFLiteConverter.from_keras_model(tf.keras.Model(given, make(given)))
    if form != "float":
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
    if form == "int8":
        drawn = np.random.default_rng(0)
        converter.representative_dataset = lambda: ([drawn.random((1, *shape), "f")] for _ in range(4))
        converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
        converter.inference_input_type = converter.inference_output_type = tf.int8
    return bytes(converter.convert())


@pytest.mark.parametrize("form", ["float", "int8", "weights"])
@pytest.mark.parametrize("make", NETWORKS, ids=lambda make: make.__name__)
def test_converted_networks(make: Callable[[Any], Any], form: str, tmp_path: Path) -> None:
    path = tmp_path / "net.tflite"
    path.write_bytes(converted(make, form))
    judged, read, graph = judge(path, run=True), read_as(path), load_network(path)
    assert len(read) > 5
    assert read == {i: judged.shapes[i] for i in read}
    assert (graph.total_macs, graph.total_params) == (judged.macs, judged.params)
