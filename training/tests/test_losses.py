import math
import unittest

import torch
from effdet.anchors import decode_box_outputs

from msal_training.losses import BACKGROUND, IGNORED, AnchorLabeler, Labels, LossWeights, detection_loss
from msal_training.model import MODEL_SIZES, Detector

NOTHING = torch.zeros(0, 4)


class Labelling(unittest.TestCase):
    labeler = AnchorLabeler(Detector(MODEL_SIZES["tiny"]), 128)

    def test_targets_decode_to_the_objects(self) -> None:
        boxes = torch.tensor([[10.0, 20, 60, 70], [80.0, 80, 100, 104]])
        labels, targets = self.labeler.label(boxes, torch.tensor([3, 7]), NOTHING)
        positive = labels >= 0
        self.assertEqual(set(labels[positive].tolist()), {3, 7})
        decoded = decode_box_outputs(targets, self.labeler.anchors[positive])
        expected = torch.where((labels[positive] == 3)[:, None], boxes[0], boxes[1])
        self.assertLess(float((decoded - expected).abs().max()), 1e-3)

    def test_even_a_tiny_object_has_its_best_anchors(self) -> None:
        labels, _ = self.labeler.label(torch.tensor([[50.0, 50, 62, 61]]), torch.tensor([0]), NOTHING)
        self.assertGreaterEqual(int((labels == 0).sum()), 5)

    def test_anchors_have_the_scale_of_the_network(self) -> None:
        for scale in (2.0, 4.0):
            anchors = AnchorLabeler(Detector(MODEL_SIZES["tiny"], anchor_scale=scale), 128).anchors
            height, width = (anchors[0, 2:] - anchors[0, :2]).tolist()
            self.assertAlmostEqual(width, 8 * scale)
            self.assertAlmostEqual(height, 8 * scale)

    def test_anchors_inside_an_ignored_region_teach_nothing(self) -> None:
        labels, targets = self.labeler.label(NOTHING, torch.zeros(0, dtype=torch.int64), torch.tensor([[0.0, 0, 128, 128]]))
        self.assertEqual(len(targets), 0)
        self.assertGreater(int((labels == IGNORED).sum()), int((labels == BACKGROUND).sum()))


class Loss(unittest.TestCase):
    def test_worked_by_hand(self) -> None:
        # One level, one cell, two "anchors" of two classes: logits 0 everywhere, anchor 0 is of class 1.
        logits = [torch.zeros(1, 4, 1, 1)]
        codes = [torch.tensor([0.05, 0.0, 0.3, 0.0, 9, 9, 9, 9]).reshape(1, 8, 1, 1)]
        labels = Labels(torch.tensor([[1, IGNORED]]), torch.zeros(1, 4))
        class_loss, box_loss = detection_loss(logits, codes, labels, LossWeights(), 2)
        entropy, modulation = math.log(2), 0.5**1.5
        self.assertAlmostEqual(float(class_loss), (0.25 + 0.75) * entropy * modulation / 2, places=6)
        huber = 0.5 * 0.05**2 + 0.1 * (0.3 - 0.05)
        self.assertAlmostEqual(float(box_loss), 50 * huber / (4 * 2), places=6)


if __name__ == "__main__":
    unittest.main()
