"""An independent forward pass over zylo117's state dict layout, written as functions of the entries' names.

It knows nothing of effdet: only the layout (names, strides, who feeds whom) and that program's padding.
"""

from __future__ import annotations

import torch
import torch.nn.functional as functional
from torch import Tensor

State = dict[str, Tensor]


def same_padded(x: Tensor, kernel: int, stride: int) -> Tensor:
    height, width = x.shape[-2:]
    down = (-(-height // stride) - 1) * stride + kernel - height
    across = (-(-width // stride) - 1) * stride + kernel - width
    return functional.pad(x, (across // 2, across - across // 2, down // 2, down - down // 2))


def convolve(state: State, name: str, x: Tensor, stride: int = 1) -> Tensor:
    weight = state[f"{name}.conv.weight"]
    groups = x.shape[1] // weight.shape[1]
    padded = same_padded(x, weight.shape[-1], stride)
    return functional.conv2d(padded, weight, state.get(f"{name}.conv.bias"), stride, groups=groups)


def norm(state: State, name: str, x: Tensor) -> Tensor:
    values = [state[f"{name}.{leaf}"] for leaf in ("running_mean", "running_var", "weight", "bias")]
    return functional.batch_norm(x, *values, training=False, eps=1e-3)


def pool(x: Tensor) -> Tensor:
    return functional.max_pool2d(same_padded(x, 3, 2), 3, 2)


def swish(x: Tensor) -> Tensor:
    return x * x.sigmoid()


def separable(state: State, name: str, x: Tensor) -> Tensor:
    return convolve(state, f"{name}.pointwise_conv", convolve(state, f"{name}.depthwise_conv", x))


def block(state: State, name: str, x: Tensor, stride: int) -> Tensor:
    y = x
    if f"{name}._expand_conv.conv.weight" in state:
        y = swish(norm(state, f"{name}._bn0", convolve(state, f"{name}._expand_conv", y)))
    y = swish(norm(state, f"{name}._bn1", convolve(state, f"{name}._depthwise_conv", y, stride)))
    gate = swish(convolve(state, f"{name}._se_reduce", y.mean((2, 3), keepdim=True)))
    y = y * convolve(state, f"{name}._se_expand", gate).sigmoid()
    y = norm(state, f"{name}._bn2", convolve(state, f"{name}._project_conv", y))
    return x + y if stride == 1 and x.shape == y.shape else y


def backbone(state: State, x: Tensor, strides: list[int]) -> list[Tensor]:
    """The last maps of strides 8, 16 and 32; `strides` has one entry per block."""
    prefix = "backbone_net.model"
    x = swish(norm(state, f"{prefix}._bn0", convolve(state, f"{prefix}._conv_stem", x, 2)))
    before_reduction = []
    for index, stride in enumerate(strides):
        if stride == 2:
            before_reduction.append(x)
        x = block(state, f"{prefix}._blocks.{index}", x, stride)
    return [*before_reduction[2:], x]


def fuse(state: State, name: str, *maps: Tensor) -> Tensor:
    weights = state[name].relu()
    weights = weights / (weights.sum() + 1e-4)
    return swish(sum(weight * values for weight, values in zip(weights, maps, strict=True)))


def bifpn(state: State, name: str, inputs: list[Tensor]) -> list[Tensor]:
    def reduced(which: str, x: Tensor) -> Tensor:
        return norm(state, f"{name}.{which}.1", convolve(state, f"{name}.{which}.0", x))

    def node(convolution: str, weights: str, *maps: Tensor) -> Tensor:
        fused = fuse(state, f"{name}.{weights}", *maps)
        return norm(state, f"{name}.{convolution}.bn", separable(state, f"{name}.{convolution}", fused))

    def doubled(x: Tensor) -> Tensor:
        return functional.interpolate(x, scale_factor=2, mode="nearest")

    if len(inputs) == 3:
        c3, c4, c5 = inputs
        p6 = pool(reduced("p5_to_p6", c5))
        p7 = pool(p6)
        p3, p4, p5 = reduced("p3_down_channel", c3), reduced("p4_down_channel", c4), reduced("p5_down_channel", c5)
        again4, again5 = reduced("p4_down_channel_2", c4), reduced("p5_down_channel_2", c5)
    else:
        p3, p4, p5, p6, p7 = inputs
        again4, again5 = p4, p5
    up6 = node("conv6_up", "p6_w1", p6, doubled(p7))
    up5 = node("conv5_up", "p5_w1", p5, doubled(up6))
    up4 = node("conv4_up", "p4_w1", p4, doubled(up5))
    out3 = node("conv3_up", "p3_w1", p3, doubled(up4))
    out4 = node("conv4_down", "p4_w2", again4, up4, pool(out3))
    out5 = node("conv5_down", "p5_w2", again5, up5, pool(out4))
    out6 = node("conv6_down", "p6_w2", p6, up6, pool(out5))
    out7 = node("conv7_down", "p7_w2", p7, pool(out6))
    return [out3, out4, out5, out6, out7]


def head(state: State, name: str, maps: list[Tensor], repeats: int, values: int) -> Tensor:
    """[N, anchors, values], levels in order."""
    outputs = []
    for level, x in enumerate(maps):
        for repeat in range(repeats):
            x = swish(norm(state, f"{name}.bn_list.{level}.{repeat}", separable(state, f"{name}.conv_list.{repeat}", x)))
        outputs.append(separable(state, f"{name}.header", x).permute(0, 2, 3, 1).flatten(1).unflatten(1, (-1, values)))
    return torch.cat(outputs, 1)


def forward(state: State, x: Tensor, strides: list[int], cells: int, repeats: int, classes: int) -> tuple[Tensor, Tensor]:
    """(class logits [N, K, classes], box regression [N, K, 4])."""
    maps = backbone(state, x, strides)
    for cell in range(cells):
        maps = bifpn(state, f"bifpn.{cell}", maps)
    return head(state, "classifier", maps, repeats, classes), head(state, "regressor", maps, repeats, 4)
