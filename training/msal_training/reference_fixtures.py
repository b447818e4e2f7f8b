"""Recorded answers of PyTorch and effdet for the TypeScript tests: `python -m msal_training.reference_fixtures test/fixtures`.

Writes two small untrained networks and what they answer on one picture:

- `efficientdet-tiny`: exported as the shipped models are (logits per level, class-head features as outputs, 16-bit weights);
- `efficientdet-foreign`: effdet's own network with D1's repeats on a 256×128 input, through the older TorchScript exporter, as
  many published EfficientDet files are: one joined tensor of class probabilities, one of box regressions, nothing else.

The JSON beside each holds anchors (effdet's), the best anchors with their boxes (effdet's decoding), and for some targets the
gradient of the probability with respect to the head features by autograd, and the Grad-CAM maps made from it.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import warnings
from pathlib import Path

import timm
import torch
from effdet import get_efficientdet_config
from effdet.anchors import Anchors, decode_box_outputs
from effdet.efficientdet import EfficientDet
from timm.models.efficientnet import _gen_efficientnet
from torch import Tensor, nn

from msal_training.classes import CLASSES
from msal_training.export import export_onnx
from msal_training.manifest import LEVELS, MEAN, STD, write_manifest
from msal_training.model import MODEL_SIZES, class_head_features
from msal_training.untrained import untrained_detector

SEED = 7
BEST_ANCHORS = 24


@timm.models.register_model
def msal_efficientnet_foreign(pretrained: bool = False, **kwargs) -> nn.Module:
    """EfficientNet-B0's blocks, very narrow."""
    kwargs.setdefault("bn_eps", 1e-3)
    return _gen_efficientnet(
        "msal_efficientnet_foreign", channel_multiplier=0.1, depth_multiplier=0.35, pretrained=pretrained, **kwargs
    )


class Foreign(nn.Module):
    """effdet's network with the outputs of `Yet-Another-EfficientDet-Pytorch`: probabilities and regressions, joined."""

    def __init__(self, net: EfficientDet):
        super().__init__()
        self.net = net

    def forward(self, images: Tensor) -> tuple[Tensor, Tensor]:
        logits, boxes = self.net(images)
        return joined(logits, len(CLASSES)).sigmoid(), joined(boxes, 4)


def joined(levels: list[Tensor], depth: int) -> Tensor:
    """[N, A·depth, h, w] per level → [N, anchors, depth], anchors in effdet's order."""
    return torch.cat([level.permute(0, 2, 3, 1).reshape(level.shape[0], -1, depth) for level in levels], 1)


def test_picture(width: int, height: int) -> Tensor:
    """uint8 [height, width, 3]; the tests make the same one from the same formula."""
    y, x, c = torch.meshgrid(torch.arange(height), torch.arange(width), torch.arange(3), indexing="ij")
    return ((3 * x + 5 * y + 40 * c + 60 * (((x >> 4) + (y >> 4)) & 1)) % 256).to(torch.uint8)


def network_input(picture: Tensor, width: int, height: int) -> Tensor:
    """Normalised, in the top left corner of zeros: float [1, 3, height, width]."""
    planes = (picture.permute(2, 0, 1).float() / 255 - torch.tensor(MEAN)[:, None, None]) / torch.tensor(STD)[:, None, None]
    canvas = torch.zeros(1, 3, height, width)
    canvas[0, :, : planes.shape[1], : planes.shape[2]] = planes
    return canvas


def answers(net: EfficientDet, picture: Tensor, width: int, height: int) -> dict:
    anchors = Anchors.from_config(net.config)
    images = network_input(picture, width, height)
    with torch.inference_mode(False):
        pyramid = net.fpn(net.backbone(images))
        features = [class_head_features(net.class_net, i, p).detach().requires_grad_() for i, p in enumerate(pyramid)]
        logits = [net.class_net.predict(f) for f in features]
        scores = joined(logits, len(CLASSES))[0]
        regression = joined(net.box_net(pyramid), 4)[0].detach()
    boxes = decode_box_outputs(regression, anchors.boxes, output_xyxy=True)
    best_scores, best_classes = scores.detach().sigmoid().max(1)
    best = best_scores.argsort(descending=True)[:BEST_ANCHORS]
    sample = list(range(0, len(anchors.boxes), max(1, len(anchors.boxes) // 40))) + [len(anchors.boxes) - 1]
    return {
        "madeBy": "training/msal_training/reference_fixtures.py",
        "picture": {"width": picture.shape[1], "height": picture.shape[0]},
        "anchorCount": len(anchors.boxes),
        "anchors": [{"index": i, "yxyx": rounded(anchors.boxes[i])} for i in sample],
        "best": [
            {"anchor": int(i), "class": int(best_classes[i]), "score": float(best_scores[i]), "xyxy": rounded(boxes[i])}
            for i in best
        ],
        "gradCam": [grad_cam(*target, features, logits, picture.shape, (height, width)) for target in targets(features)],
    }


def targets(features: list[Tensor]):
    """(level index, row, column, anchor, class): corners, edges and the middle of several levels."""
    for level in (0, 2, 3):
        rows, columns = features[level].shape[2:]
        yield level, 0, 0, 0, 1
        yield level, rows - 1, columns // 2, 4, 8
        yield level, rows // 2, columns // 2, 8, 0
    yield 4, 0, 0, 7, 3


def grad_cam(level: int, row: int, column: int, anchor: int, cls: int, features, logits, picture_shape, input_shape) -> dict:
    """Selvaraju et al. 2017 with the study's variants; the gradient by autograd."""
    maps = features[level]
    probability = logits[level][0, anchor * len(CLASSES) + cls, row, column].sigmoid()
    (gradient,) = torch.autograd.grad(probability, maps, retain_graph=True)
    alpha = gradient.mean((2, 3), keepdim=True)
    weighted = (alpha * maps)[0].detach()
    variants = {"study": weighted.relu().sum(0), "usual": weighted.sum(0).relu(), "none": weighted.sum(0)}
    upsampled = nn.functional.interpolate(variants["study"][None, None], input_shape, mode="bilinear", align_corners=False)
    height, width = picture_shape[:2]
    probes = [(y, x) for y in (0, height // 3, height - 1) for x in (0, width // 2, width - 1)]
    return {
        "level": LEVELS[level],
        "row": row,
        "column": column,
        "anchor": anchor,
        "class": cls,
        "score": float(probability),
        "alpha": [float(a) for a in alpha.detach().flatten()],
        "maps": {name: [float(v) for v in values.flatten()] for name, values in variants.items()},
        "upsampledStudy": [{"y": y, "x": x, "value": float(upsampled[0, 0, y, x])} for y, x in probes],
    }


def rounded(values: Tensor) -> list[float]:
    return [round(float(value), 4) for value in values]


def foreign_network() -> EfficientDet:
    config = get_efficientdet_config("efficientdet_d1")
    config.num_classes = len(CLASSES)
    config.image_size = (128, 256)
    config.backbone_name = "msal_efficientnet_foreign"
    config.backbone_args.drop_path_rate = 0.0
    config.fpn_channels = 24
    config.fpn_cell_repeats = 2
    torch.manual_seed(SEED)
    net = EfficientDet(config, pretrained_backbone=False)
    images = network_input(test_picture(256, 128), 256, 128)
    set_norm_statistics(net, images)
    spread_logits(net, images)
    return net


@torch.no_grad()
def set_norm_statistics(net: EfficientDet, images: Tensor) -> None:
    """Batch norm statistics of the picture itself, with noise."""
    for module in net.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.momentum = None
    net.train()
    net(images.repeat(2, 1, 1, 1) + 0.1 * torch.randn(2, *images.shape[1:]))
    net.eval()


@torch.no_grad()
def spread_logits(net: EfficientDet, images: Tensor) -> None:
    """Logits around −3 on the picture, so that no probability is rounded to 0 or 1."""
    logits = torch.cat([level.flatten() for level in net(images)[0]])
    predict = net.class_net.predict.conv_pw
    predict.weight.mul_(1.5 / logits.std())
    predict.bias.sub_(logits.mean()).mul_(1.5 / logits.std()).sub_(3)


def export_foreign(net: EfficientDet, path: Path) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.onnx.export(
            Foreign(net).eval(),
            (torch.zeros(1, 3, *net.config.image_size),),
            str(path),
            input_names=["data"],
            output_names=["probabilities", "regression"],
            opset_version=13,
            dynamo=False,
        )


def foreign_manifest(path: Path, net: EfficientDet) -> dict:
    height, width = net.config.image_size
    return {
        "schemaVersion": 1,
        "name": path.stem,
        "file": path.name,
        "sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
        "size": "foreign",
        "spectra": ["rgb"],
        "classes": list(CLASSES),
        "input": {
            "name": "data",
            "width": width,
            "height": height,
            "channels": 3,
            "mean": list(MEAN),
            "std": list(STD),
            "scale": 255,
            "resize": "letterbox-top-left",
        },
        "anchors": {
            "minLevel": 3,
            "maxLevel": 7,
            "scales": [2 ** (octave / 3) for octave in range(3)],
            "aspects": [list(aspect) for aspect in net.config.aspect_ratios],
            "anchorScale": net.config.anchor_scale,
        },
        "boxCoding": "yxhw",
        "outputs": {"classLogits": ["probabilities"], "boxRegression": ["regression"]},
        "training": {"recipe": "untrained", "seed": SEED},
    }


def write_json(path: Path, content: dict) -> None:
    path.write_text(json.dumps(content, separators=(",", ":")) + "\n")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    folder = parser.parse_args().folder
    folder.mkdir(parents=True, exist_ok=True)

    tiny = folder / "efficientdet-tiny.onnx"
    model = untrained_detector(MODEL_SIZES["tiny"], SEED)
    images = network_input(test_picture(128, 128), 128, 128)
    set_norm_statistics(model, images)
    spread_logits(model, images)
    reference = export_onnx(model, tiny)
    write_manifest(tiny, model, ["rgb"], {"recipe": "untrained", "seed": SEED})
    write_json(folder / "efficientdet-tiny.answers.json", answers(reference, test_picture(128, 96), 128, 128))

    foreign = folder / "efficientdet-foreign.onnx"
    net = foreign_network()
    export_foreign(net, foreign)
    foreign.with_suffix(".json").write_text(json.dumps(foreign_manifest(foreign, net), indent=2) + "\n")
    write_json(folder / "efficientdet-foreign.answers.json", answers(net, test_picture(256, 100), 256, 128))


if __name__ == "__main__":
    main()
