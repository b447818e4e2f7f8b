"""Depthwise convolutions whose gradients are computed in float32 while everything else is bfloat16.

On a CPU with AMX, PyTorch's bfloat16 gradients of two kinds of depthwise convolutions are far slower than its float32 ones:
the weight gradient with a 5×5 kernel (27 ms and 6 ms for [4, 672, 16, 16], one core) and the input gradient with stride 2
(63 ms and 0.4 ms for [4, 672, 19, 19]). Together they were half of a training step.
"""

from __future__ import annotations

import torch
import torch.nn.functional as functional
from timm.layers import Conv2dSame
from timm.layers.padding import pad_same
from torch import Tensor, nn


class _DepthwiseConvolution(torch.autograd.Function):
    """x [N, C, H, W], weight [C, 1, k, k] and bias [C] of one type → [N, C, h, w]."""

    @staticmethod
    def forward(context, x: Tensor, weight: Tensor, bias: Tensor | None, stride: list[int], padding: list[int]) -> Tensor:
        context.save_for_backward(x, weight)
        context.stride, context.padding = stride, padding
        return functional.conv2d(x, weight, bias, stride, padding, groups=x.shape[1])

    @staticmethod
    def backward(context, gradient: Tensor) -> tuple[Tensor | None, ...]:
        x, weight = context.saved_tensors
        channels = x.shape[1]
        by_x, by_weight, by_bias = torch.ops.aten.convolution_backward(
            gradient.float().contiguous(memory_format=torch.channels_last),
            x.float(),
            weight.float(),
            [channels],
            context.stride,
            context.padding,
            [1, 1],
            False,
            [0, 0],
            channels,
            context.needs_input_grad[:3],
        )
        return None if by_x is None else by_x.to(x.dtype), by_weight, by_bias, None, None


def _forward(module: nn.Conv2d, x: Tensor) -> Tensor:
    padding = module.padding
    if isinstance(module, Conv2dSame):
        x, padding = pad_same(x, module.kernel_size, module.stride), (0, 0)
    kind = torch.bfloat16
    bias = None if module.bias is None else module.bias.to(kind)
    with torch.autocast(x.device.type, enabled=False):
        return _DepthwiseConvolution.apply(x.to(kind), module.weight.to(kind), bias, list(module.stride), list(padding))


def with_float32_depthwise_gradients(model: nn.Module) -> None:
    """Lets depthwise convolutions of 5×5 and more, or with a stride, compute in bfloat16 with float32 gradients."""
    for module in model.modules():
        if not isinstance(module, nn.Conv2d) or not 1 < module.groups == module.in_channels:
            continue
        if max(module.kernel_size) >= 5 or max(module.stride) > 1:
            module.forward = _forward.__get__(module)
