"""Small networks with torchvision's and transformers' own heads and random weights, and what their own Python code makes of a picture.

    python -m msal_training.family_fixtures ../test/fixtures/families

The heads, anchors and box coders are the libraries' own; only the backbones are tiny. transformers is no requirement of this project: its networks are
left out where it is not installed, and the fixtures that are there stay.
"""

import argparse
import json
from collections import OrderedDict
from pathlib import Path

import numpy as np
import onnx
import torch
from torch import nn
from torchvision.models.detection import FCOS, RetinaNet
from torchvision.models.detection.anchor_utils import AnchorGenerator, DefaultBoxGenerator
from torchvision.models.detection.ssd import SSD

SIDE = 128
CLASSES = 5
CHANNELS = 8


class Pyramid(nn.Module):
    """Strided convolutions; maps of strides 8 to 128."""

    def __init__(self, strides: tuple[int, ...], channels: int = CHANNELS):
        super().__init__()
        self.out_channels = channels
        self.first = nn.Sequential(nn.Conv2d(3, channels, 7, 4, 3), nn.ReLU())
        self.steps = nn.ModuleList(nn.Sequential(nn.Conv2d(channels, channels, 3, 2, 1), nn.ReLU()) for _ in strides)

    def forward(self, x):
        maps = OrderedDict()
        x = self.first(x)
        for i, step in enumerate(self.steps):
            x = step(x)
            maps[str(i)] = x
        return maps


def randomised(model: nn.Module, seed: int) -> nn.Module:
    """Weights that let every output vary over picture and places."""
    generator = torch.Generator().manual_seed(seed)
    for name, parameter in model.named_parameters():
        scale = 0.5 if parameter.ndim == 1 else 1.6 / np.sqrt(max(1, parameter[0].numel()))
        parameter.data = torch.randn(parameter.shape, generator=generator) * scale
        # One head for all of them, but no box beyond the bound of exponents.
        if "bbox" in name or "regression" in name:
            parameter.data *= 0.5
    return model.eval()


def picture() -> np.ndarray:
    """uint8 [SIDE, SIDE, 3]: smooth, with edges."""
    y, x = np.mgrid[:SIDE, :SIDE]
    planes = [(2 * x + 3 * y + 60 * c + 90 * (((x >> 4) + (y >> 3)) & 1)) % 256 for c in range(3)]
    return np.stack(planes, -1).astype(np.uint8)


class Raw(nn.Module):
    def __init__(self, model, names):
        super().__init__()
        self.model, self.names = model, names

    def forward(self, x):
        outputs = self.model.head(list(self.model.backbone(x).values()))
        return tuple(outputs[name] for name in self.names)


def save(folder: Path, name: str, model: nn.Module, names: list[str], manifest: dict, normalised: torch.Tensor, found: list[dict]) -> None:
    file = folder / f"{name}.onnx"
    torch.onnx.export(model, (normalised,), str(file), input_names=["images"], output_names=names, opset_version=17, dynamo=False)
    # One file each, no names of this machine in it.
    exported = onnx.load(file)
    for node in exported.graph.node:
        node.doc_string = ""
    onnx.save(exported, file)
    answers = {"manifest": manifest, "detections": found}
    (folder / f"{name}.answers.json").write_text(json.dumps(answers, indent=1) + "\n")
    print(f"{name}: {file.stat().st_size / 1000:.0f} kB, {len(found)} boxes, scores to {found[0]['score'] if found else 0:.3f}")


def detections(result: dict, first: int) -> list[dict]:
    order = torch.argsort(result["scores"], descending=True)[:60]
    return [
        {
            "box": [round(float(v), 5) for v in result["boxes"][i]],
            "class": int(result["labels"][i]) - first,
            "score": round(float(result["scores"][i]), 7),
        }
        for i in order
    ]


def torchvision_networks(folder: Path) -> None:
    pixels = picture()
    # As torchvision's own transform normalises; the picture has the input's size already.
    mean, std = torch.tensor([0.485, 0.456, 0.406]), torch.tensor([0.229, 0.224, 0.225])
    image = ((torch.from_numpy(pixels).float() / 255 - mean) / std).permute(2, 0, 1)[None]
    sizes = [(SIDE, SIDE)]
    strides = (8, 16, 32, 64, 128)
    common = {"score_thresh": 0.3, "nms_thresh": 0.5, "detections_per_img": 300}

    def run(model, names, anchors_of):
        with torch.no_grad():
            features = list(model.backbone(image).values())
            outputs = model.head(features)
            return outputs, features, anchors_of(features)

    class Images:
        tensors, image_sizes = image, sizes

    # RetinaNet and FCOS divide their outputs into levels before they decode.
    anchor_sizes = [[x, int(x * 2 ** (1 / 3)), int(x * 2 ** (2 / 3))] for x in (8, 16, 32, 64, 96)]
    generator = AnchorGenerator(tuple(tuple(s) for s in anchor_sizes), ((0.5, 1.0, 2.0),) * 5)
    retina = randomised(RetinaNet(Pyramid(strides), CLASSES, anchor_generator=generator, topk_candidates=2000, **common), 1)
    names = ["cls_logits", "bbox_regression"]
    outputs, features, anchors = run(retina, names, lambda f: retina.anchor_generator(Images, f))
    counts = [f.shape[2] * f.shape[3] * 9 for f in features]
    split = {name: list(outputs[name].split(counts, 1)) for name in names}
    result = retina.postprocess_detections(split, [list(anchors[0].split(counts))], sizes)[0]
    save(
        folder, "retinanet", Raw(retina, names), names,
        {"strides": list(strides), "anchors": {"sizes": anchor_sizes, "ratios": [0.5, 1, 2]}}, image, detections(result, 0),
    )

    # Normalisation over groups needs more than one cell a level.
    fewer = strides[:4]
    generator = AnchorGenerator(tuple((s,) for s in fewer), ((1.0,),) * 4)
    fcos = randomised(FCOS(Pyramid(fewer, 32), CLASSES, anchor_generator=generator, topk_candidates=2000, **common), 2)
    names = ["cls_logits", "bbox_regression", "bbox_ctrness"]
    outputs, features, anchors = run(fcos, names, lambda f: fcos.anchor_generator(Images, f))
    counts = [f.shape[2] * f.shape[3] for f in features]
    split = {name: list(outputs[name].split(counts, 1)) for name in names}
    result = fcos.postprocess_detections(split, [list(anchors[0].split(counts))], sizes)[0]
    fields = {"strides": list(fewer)}
    save(folder, "fcos", Raw(fcos, names), names, fields, image, detections(result, 0))

    ratios = [[2], [2, 3], [2, 3]]
    scales = [0.2, 0.4, 0.7, 1.0]
    generator = DefaultBoxGenerator(ratios, scales=scales)
    pyramid = Pyramid((8, 16, 32))
    pyramid.out_channels = [CHANNELS] * 3
    ssd = randomised(SSD(pyramid, generator, (SIDE, SIDE), CLASSES + 1, topk_candidates=2000, **common), 3)
    names = ["cls_logits", "bbox_regression"]
    outputs, features, anchors = run(ssd, names, lambda f: ssd.anchor_generator(Images, f))
    result = ssd.postprocess_detections(outputs, anchors, sizes)[0]
    maps = [[f.shape[2], f.shape[3]] for f in features]
    save(
        folder, "ssd", Raw(ssd, names), names,
        {
            "featureMaps": maps,
            "defaultBoxes": {"scales": scales, "ratios": ratios},
            "input": {"mean": mean.tolist(), "std": std.tolist()},
        },
        image, detections(result, 1),
    )


class Logits(nn.Module):
    def __init__(self, model):
        super().__init__()
        self.model = model

    def forward(self, x):
        outputs = self.model(pixel_values=x)
        return outputs.logits, outputs.pred_boxes


def transformers_networks(folder: Path) -> None:
    from transformers import RTDetrImageProcessor, RTDetrResNetConfig, RTDetrV2Config, RTDetrV2ForObjectDetection
    from transformers import DetrConfig, DetrForObjectDetection, DetrImageProcessor, DFineConfig, DFineForObjectDetection, ResNetConfig

    pixels = picture()
    unit = (torch.from_numpy(pixels).float() / 255).permute(2, 0, 1)[None]
    mean, std = torch.tensor([0.485, 0.456, 0.406]), torch.tensor([0.229, 0.224, 0.225])
    imagenet = ((torch.from_numpy(pixels).float() / 255 - mean) / std).permute(2, 0, 1)[None]
    small = {"encoder_ffn_dim": 32, "decoder_ffn_dim": 32, "encoder_attention_heads": 2, "decoder_attention_heads": 2}
    backbone = {"embedding_size": 8, "hidden_sizes": [8, 8, 16, 16], "depths": [1, 1, 1, 1], "layer_type": "basic"}
    sizes = torch.tensor([[SIDE, SIDE]])

    def add(name, model, image, processor, softmax):
        torch.manual_seed(5)
        for parameter in model.parameters():
            if parameter.ndim > 1:
                parameter.data = torch.randn_like(parameter) * (1.2 / np.sqrt(parameter[0].numel()))
        model.eval()
        with torch.no_grad():
            outputs = model(pixel_values=image)
        result = processor.post_process_object_detection(outputs, threshold=0.3, target_sizes=sizes)[0]
        manifest = {} if softmax else {"scoring": "sigmoid"}
        save(folder, name, Logits(model), ["logits", "pred_boxes"], manifest, image, detections(result, 0))

    resnet = ResNetConfig(**backbone, out_features=["stage4"])
    detr = DetrConfig(
        use_timm_backbone=False, use_pretrained_backbone=False, backbone_config=resnet, backbone=None, d_model=16, encoder_layers=1,
        decoder_layers=1, num_queries=20, num_labels=CLASSES, **small,
    )
    add("detr", DetrForObjectDetection(detr), imagenet, DetrImageProcessor(), True)
    rtdetr_backbone = {**backbone, "out_features": ["stage2", "stage3", "stage4"]}
    shared = {
        "d_model": 16, "encoder_hidden_dim": 16, "encoder_in_channels": [8, 16, 16], "decoder_in_channels": [16, 16, 16], "feat_strides": [8, 16, 32],
        "num_queries": 20, "num_denoising": 0, "decoder_layers": 1, "num_labels": CLASSES, "anchor_image_size": [SIDE, SIDE],
        "hidden_expansion": 0.5, **small,
    }
    rt = RTDetrV2Config(backbone_config=RTDetrResNetConfig(**rtdetr_backbone), decoder_n_points=2, **shared)
    add("rt-detr", RTDetrV2ForObjectDetection(rt), unit, RTDetrImageProcessor(), False)
    dfine = DFineConfig(backbone_config=RTDetrResNetConfig(**rtdetr_backbone), decoder_n_points=[2, 2, 2], max_num_bins=8, **shared)
    add("d-fine", DFineForObjectDetection(dfine), unit, RTDetrImageProcessor(), False)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    folder = parser.parse_args().folder
    folder.mkdir(parents=True, exist_ok=True)
    torch.manual_seed(0)
    torchvision_networks(folder)
    try:
        transformers_networks(folder)
    except ImportError as error:
        print(f"transformers' networks are left out: {error}")


if __name__ == "__main__":
    main()
