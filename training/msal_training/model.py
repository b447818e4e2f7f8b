"""EfficientDet for nine classes: effdet's network with three small adaptations.

1. The weighted sum of a BiFPN node is computed as adds of scaled maps instead of stack-and-sum: the same arithmetic,
   fewer and smaller tensors.
2. Upsampling in the pyramid is "times two" instead of "to the configured size", so that one set of weights trains at
   any input size that is a multiple of 128.
3. `forward_with_head_features` also returns the input of the class head's last separable convolution, which Grad-CAM
   explains.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import timm
import torch
import torch.nn.functional as functional
from effdet import get_efficientdet_config
from effdet.efficientdet import EfficientDet, FpnCombine, HeadNet, Interpolate2d, ResampleFeatureMap
from timm.layers import BatchNormAct2d, DropPath
from timm.models.efficientnet import _gen_efficientnet
from torch import Tensor, nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

from .classes import CLASSES


@dataclass(frozen=True)
class ModelSize:
    """An EfficientDet variant.

    inputSize: side of the square network input in pixels. `tiny` has D0's structure with few channels; it exists for
    tests, which need a real graph and no accuracy.
    """

    name: str
    effdet_name: str
    input_size: int


MODEL_SIZES = {
    size.name: size
    for size in (
        ModelSize("d0", "tf_efficientdet_d0", 512),
        ModelSize("d1", "tf_efficientdet_d1", 640),
        ModelSize("d2", "tf_efficientdet_d2", 768),
        ModelSize("tiny", "tf_efficientdet_d0", 128),
    )
}


@timm.models.register_model
def msal_efficientnet_tiny(pretrained: bool = False, **kwargs) -> nn.Module:
    """EfficientNet-B0's blocks at a quarter of its width and about half of its depth (for tests)."""
    kwargs.setdefault("bn_eps", 1e-3)
    kwargs.setdefault("pad_type", "same")
    kwargs.setdefault("pretrained_cfg", {"url": ""})
    return _gen_efficientnet(
        "msal_efficientnet_tiny", channel_multiplier=0.25, depth_multiplier=0.4, pretrained=pretrained, **kwargs
    )


#: ε of the pyramid's fast normalised fusion.
FUSION_EPSILON = 1e-4


class WeightedSum(FpnCombine):
    """Fast normalised fusion of EfficientDet (arXiv:1911.09070, section 3.3): `Σ_i w_i/(ε + Σ_j w_j) · I_i`, w = ReLU."""

    def normalized_weights(self) -> Tensor:
        weights = torch.relu(self.edge_weights)
        return weights / (weights.sum() + FUSION_EPSILON)

    def forward(self, x: list[Tensor]) -> Tensor:
        nodes = [resample(x[offset]) for offset, resample in zip(self.inputs_offsets, self.resample.values())]
        weights = self.normalized_weights().to(nodes[0].dtype).unbind()
        total = nodes[0] * weights[0]
        for node, weight in zip(nodes[1:], weights[1:]):
            total = total + node * weight
        return total


class ZeroPaddedMaxPool(nn.Module):
    """3×3 max pooling with stride 2, padded right and below with zeros (as zylo117's EfficientDet does it)."""

    def forward(self, x: Tensor) -> Tensor:
        return functional.max_pool2d(functional.pad(x, (0, 1, 0, 1)), 3, 2)


class Detector(EfficientDet):
    """EfficientDet whose outputs are lists over the levels 3…7.

    Input: float [N, 3, S, S], normalised, S a multiple of 128.
    """

    def __init__(self, size: ModelSize, class_count: int = len(CLASSES), anchor_scale: float = 4.0):
        config = get_efficientdet_config(size.effdet_name)
        config.num_classes = class_count
        config.anchor_scale = anchor_scale
        config.image_size = (size.input_size, size.input_size)
        if size.name == "tiny":
            config.backbone_name = "msal_efficientnet_tiny"
            config.fpn_channels = 16
            config.fpn_cell_repeats = 1
            config.backbone_args.drop_path_rate = 0.0
        super().__init__(config, pretrained_backbone=False)
        self.size = size
        self.zero_padded_pooling = False
        for module in list(self.modules()):
            if isinstance(module, FpnCombine):
                module.__class__ = WeightedSum
            elif isinstance(module, Interpolate2d):
                module.size = None
                module.scale_factor = 2.0

    def pad_pooling_with_zeros(self) -> None:
        """Replaces the pyramid's max pooling; for imported weights that were trained so."""
        self.zero_padded_pooling = True
        for module in list(self.fpn.modules()):
            if isinstance(module, ResampleFeatureMap) and hasattr(module, "downsample"):
                module.downsample = ZeroPaddedMaxPool()

    def pyramid(self, images: Tensor) -> list[Tensor]:
        """The five BiFPN output maps, strides 8…128."""
        return self.fpn(self.backbone(images))

    def forward_with_head_features(self, images: Tensor) -> tuple[list[Tensor], list[Tensor], list[Tensor]]:
        """Returns (class logits [N, A·C, h, w], box regression [N, A·4, h, w], head features [N, F, h, w]), each per level."""
        pyramid = self.pyramid(images)
        head_features = [class_head_features(self.class_net, level, features) for level, features in enumerate(pyramid)]
        class_logits = [self.class_net.predict(features) for features in head_features]
        return class_logits, self.box_net(pyramid), head_features


def class_head_features(head: HeadNet, level: int, features: Tensor) -> Tensor:
    """What enters the last separable convolution of a head, for the pyramid map of one level (0 = finest)."""
    for convolution, norms in zip(head.conv_rep, head.bn_rep):
        features = head.act(norms[level](convolution(features)))
    return features


def set_class_prior(model: Detector, probability: float = 0.01) -> None:
    """Sets the class head's bias so that every anchor starts with this probability (focal loss, arXiv:1708.02002, 4.1)."""
    nn.init.constant_(model.class_net.predict.conv_pw.bias, -math.log((1 - probability) / probability))


def batch_norms(model: nn.Module) -> list[nn.BatchNorm2d]:
    return [module for module in model.modules() if isinstance(module, nn.BatchNorm2d)]


def set_batch_norm_momentum(model: nn.Module, momentum: float) -> None:
    for norm in batch_norms(model):
        norm.momentum = momentum


def set_drop_path(model: nn.Module, probability: float) -> None:
    """Probability with which a residual block of the backbone is skipped in training (stochastic depth), all blocks alike."""
    for module in model.modules():
        if isinstance(module, DropPath):
            module.drop_prob = probability


def fold_backbone(model: Detector) -> None:
    """Folds, in place, the backbone's batch norms into their convolutions (timm's conv/BatchNormAct2d pairs; the
    activation inside a norm stays). The model must be in eval mode. Does nothing to a folded backbone."""
    pairs = (("conv_stem", "bn1"), ("conv_pw", "bn1"), ("conv_dw", "bn2"), ("conv_pwl", "bn3"))
    separable = (("conv_dw", "bn1"), ("conv_pw", "bn2"))
    for module in list(model.backbone.modules()):
        has_expansion = hasattr(module, "conv_pwl")
        for conv_name, norm_name in pairs if has_expansion or hasattr(module, "conv_stem") else separable:
            conv, norm = getattr(module, conv_name, None), getattr(module, norm_name, None)
            if isinstance(conv, nn.Conv2d) and isinstance(norm, BatchNormAct2d):
                setattr(module, conv_name, fuse_conv_bn_eval(conv, norm))
                setattr(module, norm_name, norm.act)
