import unittest

import torch
import zylo117_forward
from torch import Tensor

from msal_training.convert import CheckpointError, load_effdet, load_zylo117, zylo117_names
from msal_training.losses import flatten_levels
from msal_training.model import MODEL_SIZES, Detector


def random_state(model: Detector, seed: int) -> dict[str, Tensor]:
    """A zylo117 state dict of the model's shapes; every entry differs, so that a wrong name shows."""
    random = torch.Generator().manual_seed(seed)
    state = {}
    for ours, theirs in zylo117_names(model).items():
        shape = model.state_dict()[ours].shape
        if theirs.endswith("num_batches_tracked"):
            state[theirs] = torch.tensor(1)
        elif theirs.endswith(("running_var", "_w1", "_w2")) or (".weight" in theirs and len(shape) == 1):
            state[theirs] = torch.rand(shape, generator=random) + 0.5
        elif len(shape) == 4:
            fan_in = shape[1] * shape[2] * shape[3]
            state[theirs] = torch.randn(shape, generator=random) * (1.5 / fan_in) ** 0.5
        else:
            state[theirs] = 0.2 * torch.randn(shape, generator=random)
    return state


class Zylo117Import(unittest.TestCase):
    def test_outputs_equal_an_independent_forward_pass(self) -> None:
        # Not the tiny size: its finest backbone map needs no channel reduction, which zylo117's layout always has.
        model = Detector(MODEL_SIZES["d0"]).eval()
        state = random_state(model, seed=3)
        load_zylo117(model, state)
        strides = [
            max(module.stride[0] for module in block.modules() if isinstance(module, torch.nn.Conv2d))
            for stage in model.backbone.blocks
            for block in stage
        ]
        images = torch.randn(1, 3, 128, 128, generator=torch.Generator().manual_seed(4))
        with torch.inference_mode():
            logits, boxes = zylo117_forward.forward(
                state, images, strides, len(model.fpn.cell), model.config.box_class_repeats, 9
            )
            class_levels, box_levels = model(images)
        self.assertGreater(float(logits.std()), 0.05)
        self.assertLess(float((flatten_levels(class_levels, 9) - logits).abs().max()), 1e-4)
        self.assertLess(float((flatten_levels(box_levels, 4) - boxes).abs().max()), 1e-4)

    def test_names_what_is_missing_or_misshapen(self) -> None:
        model = Detector(MODEL_SIZES["tiny"]).eval()
        state = random_state(model, seed=1)
        header = state.pop("classifier.header.pointwise_conv.conv.weight")
        with self.assertRaisesRegex(CheckpointError, "lacks 1 entries.*classifier.header.pointwise_conv.conv.weight"):
            load_zylo117(model, state)
        state["classifier.header.pointwise_conv.conv.weight"] = header[:80]
        with self.assertRaisesRegex(CheckpointError, "classifier.header.pointwise_conv.conv.weight has the shape"):
            load_zylo117(model, state)


class EffdetImport(unittest.TestCase):
    def test_outputs_equal_the_source_network(self) -> None:
        from effdet.efficientdet import EfficientDet

        torch.manual_seed(1)
        ours = Detector(MODEL_SIZES["tiny"]).eval()
        source = EfficientDet(ours.config, pretrained_backbone=False).eval()
        load_effdet(ours, {f"model.{name}": value for name, value in source.state_dict().items()})
        images = torch.randn(1, 3, 128, 128)
        with torch.inference_mode():
            for expected, actual in zip(sum(source(images), []), sum(ours(images), [])):
                self.assertLess(float((expected - actual).abs().max()), 1e-4)


if __name__ == "__main__":
    unittest.main()
