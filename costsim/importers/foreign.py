"""Files people bring that hold no network costsim can read, and what to bring instead."""

from __future__ import annotations

from pathlib import Path

from costsim.errors import InputError

_WEIGHTS = "weights alone, pickled code or TorchScript"
_FROM_TORCH = "write module.py:Net, give the nn.Module, or torch.export.save it as .pt2"
_FROM_KERAS = "in Python, tf.lite.TFLiteConverter.from_keras_model(model).convert() gives the bytes of a .tflite"
_FROM_TENSORFLOW = "make a .tflite of its folder: tflite_convert --saved_model_dir=FOLDER --output_file=net.tflite"

FOREIGN: dict[str, tuple[str, str]] = {
    **dict.fromkeys((".pt", ".pth", ".ckpt", ".pkl", ".safetensors", ".torchscript"), (_WEIGHTS, _FROM_TORCH)),
    ".bin": ("weights alone", "give the file that holds the layers: .param, .onnx"),
    **dict.fromkeys((".h5", ".hdf5", ".keras"), ("a Keras model", _FROM_KERAS)),
    **dict.fromkeys((".pb", ".pbtxt"), ("a TensorFlow graph", _FROM_TENSORFLOW)),
    **dict.fromkeys(
        (".mlmodel", ".mlpackage", ".mlmodelc"), ("a Core ML model", "give the model it was converted from")
    ),
    **dict.fromkeys((".caffemodel", ".prototxt"), ("a Caffe network", "convert it with caffe2ncnn or to .onnx")),
    **dict.fromkeys(
        (".engine", ".plan", ".trt"), ("an engine compiled for one GPU", "give the .onnx it was built from")
    ),
    **dict.fromkeys((".pdmodel", ".pdiparams"), ("a Paddle model", "convert it with paddle2onnx")),
    **dict.fromkeys(
        (".rknn", ".hef", ".xmodel", ".kmodel", ".dlc", ".om", ".nb"),
        ("a model compiled for one chip", "give the .onnx or .tflite it was compiled from"),
    ),
    **dict.fromkeys((".weights", ".cfg"), ("a Darknet network", "convert it with darknet2ncnn or to .onnx")),
    **dict.fromkeys((".gz", ".zip", ".tar", ".tgz", ".7z", ".whl"), ("a packed file", "unpack it first")),
    **dict.fromkeys(
        (".tosa", ".mlir", ".vmfb"), ("what a compiler works on", "give the .tflite or .onnx it was made from")
    ),
    ".pte": (
        "a program for ExecuTorch",
        "give what it was exported from: module.py:Net, or a .pt2 of torch.export.save",
    ),
    ".data": ("the weights of an ONNX file", "give the .onnx beside it"),
    **dict.fromkeys(
        (".yaml", ".yml", ".toml"),
        ("a profile or a specification", "profiles go to --hw, specifications to 'costsim sweep' and 'costsim search'"),
    ),
    ".mnn": ("an MNN model", "give the .onnx or .tflite it was converted from"),
    ".ort": ("ONNX Runtime's own format", "give the .onnx it was converted from"),
    ".xml": ("an OpenVINO model", "give the .onnx it was converted from"),
}
"""Suffix to what such a file is, and the way out."""


def refuse_foreign(path: Path) -> None:
    """Say what a file of a known foreign type is.

    Raises:
        InputError: it is one.
    """
    what, mend = FOREIGN.get(path.suffix.lower(), ("", ""))
    if (path / "saved_model.pb").is_file():
        what, mend = "a folder of TensorFlow's", _FROM_TENSORFLOW
    if what:
        raise InputError(f"{what}: no network to read", where=str(path), mend=mend)
