"""Depthwise gradients in float32 against PyTorch's own, in float32 and in bfloat16."""

import copy
import unittest

import torch
from timm.layers import Conv2dSame
from torch import nn

from msal_training.depthwise import with_float32_depthwise_gradients


class DepthwiseTest(unittest.TestCase):
    def compare(self, convolution: nn.Conv2d) -> None:
        torch.manual_seed(1)
        model = nn.Sequential(convolution)
        changed = copy.deepcopy(model)
        with_float32_depthwise_gradients(changed)
        self.assertIn("forward", vars(changed[0]))
        x = torch.randn(2, 8, 19, 19).contiguous(memory_format=torch.channels_last)
        gradient = None
        found = []
        for network, bf16 in ((model, False), (changed, True)):
            seen = x.clone().requires_grad_()
            with torch.autocast("cpu", torch.bfloat16, enabled=bf16):
                y = network(seen)
            gradient = torch.randn(y.shape) if gradient is None else gradient
            y.backward(gradient.to(y.dtype))
            found.append([y.detach(), seen.grad, *(parameter.grad for parameter in network.parameters())])
        self.assertEqual(found[1][0].dtype, torch.bfloat16)
        for exact, rounded in zip(*found):
            error = (exact - rounded.float()).norm() / exact.norm()
            # bfloat16 keeps eight bits: half a unit is 1/512.
            self.assertLess(float(error), 1 / 128)

    def test_kernel_of_five(self) -> None:
        self.compare(nn.Conv2d(8, 8, 5, padding=2, groups=8))

    def test_stride_with_same_padding(self) -> None:
        self.compare(Conv2dSame(8, 8, 5, stride=2, groups=8))
        self.compare(Conv2dSame(8, 8, 3, stride=2, groups=8, bias=False))

    def test_others_are_left_alone(self) -> None:
        model = nn.Sequential(nn.Conv2d(8, 8, 3, padding=1, groups=8), nn.Conv2d(8, 16, 5, padding=2))
        with_float32_depthwise_gradients(model)
        for module in model:
            self.assertNotIn("forward", vars(module))

    def test_frozen_weights_get_no_gradient(self) -> None:
        model = nn.Sequential(nn.Conv2d(8, 8, 5, padding=2, groups=8).requires_grad_(False))
        with_float32_depthwise_gradients(model)
        x = torch.randn(1, 8, 9, 9, requires_grad=True)
        model(x).float().sum().backward()
        self.assertIsNotNone(x.grad)
        self.assertIsNone(model[0].weight.grad)


if __name__ == "__main__":
    unittest.main()
