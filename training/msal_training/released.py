"""Released ONNX network → PyTorch network, so that training can go on where only the released file is left.

The file keeps every convolution under its own name, with the norm that followed it folded in. Here such a norm becomes one
that changes nothing but adds the folded shift, to be trained with `frozen_norms`.
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import onnx
import torch
from effdet.efficientdet import ConvBnAct2d, FpnCombine, SeparableConv2d
from onnx import numpy_helper
from torch import Tensor

from .model import FUSION_EPSILON, MODEL_SIZES, Detector, fold_backbone


def released_network(paths: list[Path]) -> Detector:
    """The network of a file that `release` wrote, in eval mode; of several close relatives the mean of their weights."""
    networks = [read_released(path) for path in paths]
    states = [network.state_dict() for network in networks]
    if len({(network.size.name, network.config.anchor_scale) for network in networks}) > 1:
        raise SystemExit(f"{', '.join(map(str, paths))} differ in size or anchors: their weights have no mean")
    mean = {
        name: torch.stack([state[name] for state in states]).mean(0) if value.is_floating_point() else value
        for name, value in states[0].items()
    }
    networks[0].load_state_dict(mean)
    return networks[0]


@torch.no_grad()
def read_released(path: Path) -> Detector:
    manifest = json.loads(path.with_suffix(".json").read_text())
    model = Detector(MODEL_SIZES[manifest["size"]], anchor_scale=manifest["anchors"]["anchorScale"]).eval()
    fold_backbone(model)
    graph = onnx.load(str(path)).graph
    stored = {tensor.name: torch.from_numpy(numpy_helper.to_array(tensor).astype(np.float32)) for tensor in graph.initializer}
    state = model.state_dict()
    for name, module in model.named_modules():
        if isinstance(module, ConvBnAct2d) and module.bn is not None:
            state |= shift_only(f"{name}.bn", stored.pop(f"{name}.conv.bias"), module.bn.eps)
        elif isinstance(module, SeparableConv2d) and module.bn is not None:
            state |= shift_only(f"{name}.bn", stored.pop(f"{name}.conv_pw.bias"), module.bn.eps)
    state |= {name: stored[name] for name in state if name in stored}
    state |= fusion_weights(model, graph, stored)
    model.load_state_dict(state)
    return model


def shift_only(norm: str, shift: Tensor, epsilon: float) -> dict[str, Tensor]:
    """A norm's entries with which, in eval mode, it adds `shift` and does nothing else."""
    ones = torch.ones_like(shift)
    return {
        f"{norm}.weight": ones,
        f"{norm}.bias": shift,
        f"{norm}.running_mean": torch.zeros_like(shift),
        f"{norm}.running_var": ones - epsilon,
    }


def fusion_weights(model: Detector, graph: onnx.GraphProto, stored: dict[str, Tensor]) -> dict[str, Tensor]:
    """The pyramid's normalised weights: the scalars that the graph multiplies maps with, in the order of its nodes."""
    scalars = [
        float(stored[name])
        for node in graph.node
        if node.op_type == "Mul"
        for name in node.input
        if name in stored and stored[name].ndim == 0
    ]
    nodes = [(name, module) for name, module in model.named_modules() if isinstance(module, FpnCombine)]
    if len(scalars) != sum(module.edge_weights.numel() for _, module in nodes):
        raise SystemExit(f"the graph has {len(scalars)} scalar factors, the pyramid another number of weights")
    taken = iter(scalars)
    weights = {}
    for name, module in nodes:
        normalized = torch.tensor([next(taken) for _ in range(module.edge_weights.numel())], dtype=torch.float64)
        # w / (ε + Σ w) = normalized, solved for w.
        weights[f"{name}.edge_weights"] = (normalized * FUSION_EPSILON / (1 - normalized.sum())).float()
    return weights
