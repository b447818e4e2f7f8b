"""PyTorch network → ONNX graph that onnxruntime runs fast: batch norms folded into convolutions, BiFPN weights constant,
weights stored in 16 bit, dynamic batch, class-head features as outputs."""

from __future__ import annotations

import copy
import warnings
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import torch
from effdet.efficientdet import ConvBnAct2d, SeparableConv2d
from onnx import TensorProto, helper, numpy_helper
from torch import Tensor, nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

from .manifest import LEVELS
from .model import Detector, WeightedSum, fold_backbone

OPSET = 18
OUTPUT_NAMES = [f"{kind}_{level}" for kind in ("class", "box", "head") for level in LEVELS]
#: Initialisers smaller than this stay in 32 bit: biases cost nothing and the saving is in the kernels.
HALF_MINIMUM_ELEMENTS = 256


class ConstantWeightedSum(nn.Module):
    """A BiFPN node whose normalised weights are numbers, so that no graph node computes them again for every image."""

    def __init__(self, node: WeightedSum):
        super().__init__()
        self.inputs_offsets = node.inputs_offsets
        self.resample = node.resample
        self.weights = [float(weight) for weight in node.normalized_weights()]

    def forward(self, x: list[Tensor]) -> Tensor:
        total = None
        for offset, resample, weight in zip(self.inputs_offsets, self.resample.values(), self.weights):
            term = resample(x[offset]) * weight
            total = term if total is None else total + term
        return total


def fold_for_inference(model: Detector) -> Detector:
    """A copy in eval mode without the batch norms that follow a convolution of their own.

    The heads' batch norms stay: one convolution serves five levels, each with its own norm.
    """
    folded = copy.deepcopy(model).float().eval()
    for module in list(folded.modules()):
        if isinstance(module, ConvBnAct2d) and module.bn is not None:
            module.conv, module.bn = fuse_conv_bn_eval(module.conv, module.bn), None
        elif isinstance(module, SeparableConv2d) and module.bn is not None:
            module.conv_pw, module.bn = fuse_conv_bn_eval(module.conv_pw, module.bn), None
    fold_backbone(folded)
    for module in list(folded.modules()):
        combine = getattr(module, "combine", None)
        if isinstance(combine, WeightedSum):
            module.combine = ConstantWeightedSum(combine)
    return folded


def round_to_half(model: Detector) -> Detector:
    """Rounds, in place, every parameter that the ONNX file will hold in 16 bit, so that PyTorch and ONNX compute with
    the same numbers."""
    with torch.no_grad():
        for parameter in model.parameters():
            if parameter.numel() >= HALF_MINIMUM_ELEMENTS:
                parameter.copy_(parameter.half().float())
    return model


class _ExportedOutputs(nn.Module):
    def __init__(self, model: Detector):
        super().__init__()
        self.class_net = model.class_net
        self.model = model

    def forward(self, images: Tensor) -> tuple[Tensor, ...]:
        class_logits, boxes, head_features = self.model.forward_with_head_features(images)
        return (*class_logits, *boxes, *head_features)


def export_onnx(model: Detector, path: Path, half_storage: bool = True) -> Detector:
    """Writes the network to `path`; returns the PyTorch network that computes the same (folded, rounded)."""
    reference = fold_for_inference(model)
    if half_storage:
        round_to_half(reference)
    side = reference.size.input_size
    example = torch.zeros(2, 3, side, side)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        program = torch.onnx.export(
            _ExportedOutputs(reference).eval(),
            (example,),
            input_names=["images"],
            output_names=OUTPUT_NAMES,
            dynamic_shapes=({0: torch.export.Dim("batch", min=1)},),
            opset_version=OPSET,
            dynamo=True,
            optimize=True,
            external_data=False,
            verbose=False,
        )
    proto = program.model_proto
    _name_weights(proto)
    if half_storage:
        _store_half(proto)
    _drop_debug_metadata(proto)
    onnx.checker.check_model(proto)
    path.parent.mkdir(parents=True, exist_ok=True)
    onnx.save_model(proto, str(path))
    return reference


def _name_weights(proto: onnx.ModelProto) -> None:
    """Strips the wrapper's prefix, so that initialisers have the network's own parameter names."""
    renamed = {}
    for tensor in proto.graph.initializer:
        if tensor.name.startswith("model."):
            renamed[tensor.name] = tensor.name.removeprefix("model.")
            tensor.name = renamed[tensor.name]
    for node in proto.graph.node:
        for index, name in enumerate(node.input):
            node.input[index] = renamed.get(name, name)
    for info in proto.graph.value_info:
        info.name = renamed.get(info.name, info.name)


def _store_half(proto: onnx.ModelProto) -> None:
    """Stores large float32 initialisers as float16 followed by one Cast each."""
    graph = proto.graph
    casts, replaced = [], {}
    for tensor in graph.initializer:
        if tensor.data_type != TensorProto.FLOAT:
            continue
        values = numpy_helper.to_array(tensor)
        if values.size < HALF_MINIMUM_ELEMENTS:
            continue
        tensor.CopyFrom(numpy_helper.from_array(values.astype(np.float16), tensor.name))
        replaced[tensor.name] = f"{tensor.name}.float32"
        casts.append(helper.make_node("Cast", [tensor.name], [replaced[tensor.name]], to=TensorProto.FLOAT))
    for node in graph.node:
        for index, name in enumerate(node.input):
            node.input[index] = replaced.get(name, name)
    nodes = list(graph.node)
    del graph.node[:]
    graph.node.extend(casts + nodes)
    kept = [info for info in graph.value_info if info.name not in replaced]
    del graph.value_info[:]
    graph.value_info.extend(kept)


def _drop_debug_metadata(proto: onnx.ModelProto) -> None:
    """The exporter writes stack traces, with paths of the exporting machine, into every node."""
    for node in proto.graph.node:
        del node.metadata_props[:]
        node.doc_string = ""
    for info in (*proto.graph.input, *proto.graph.output, *proto.graph.value_info):
        del info.metadata_props[:]
    for tensor in proto.graph.initializer:
        del tensor.metadata_props[:]
    del proto.graph.metadata_props[:]
    del proto.metadata_props[:]
    del proto.functions[:]


def run_onnx(path: Path, images: np.ndarray) -> dict[str, np.ndarray]:
    """Runs an exported network on float32 [N, 3, S, S] and returns its outputs by name."""
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    return dict(zip(OUTPUT_NAMES, session.run(OUTPUT_NAMES, {"images": images})))


def largest_difference(reference: Detector, path: Path, images: Tensor) -> float:
    """The largest difference between the PyTorch and the ONNX network: absolute, or relative to an output's largest
    magnitude where that exceeds one."""
    with torch.inference_mode():
        class_logits, boxes, head_features = reference.forward_with_head_features(images)
    expected = dict(zip(OUTPUT_NAMES, (*class_logits, *boxes, *head_features)))
    actual = run_onnx(path, images.numpy())
    return max(
        float(np.abs(expected[name].numpy() - actual[name]).max() / max(1.0, expected[name].abs().max()))
        for name in OUTPUT_NAMES
    )
