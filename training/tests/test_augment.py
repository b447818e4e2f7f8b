import unittest

import numpy as np

from msal_training.augment import Augmentation, View, letterbox, normalize, random_view, training_sample
from msal_training.data import Picture


def picture_with_a_block(seed: int) -> Picture:
    """A dark picture with one white block, whose box is the block."""
    random = np.random.default_rng(seed)
    pixels = np.zeros((120, 160, 1), np.uint8)
    x, y = int(random.integers(10, 110)), int(random.integers(10, 80))
    pixels[y : y + 24, x : x + 36] = 255
    box = np.array([[x, y, x + 36, y + 24]], np.float32)
    return Picture(pixels, box, np.array([2]), np.array([False]), 1, "day", "fir")


class Views(unittest.TestCase):
    def test_boxes_move_with_the_pixels(self) -> None:
        seen = 0
        for seed in range(60):
            picture = picture_with_a_block(seed)
            augmentation = Augmentation(letterbox_side=256, crop=seed % 2 == 0, gain=0.0, offset=0.0, gamma=0.0)
            image, (boxes, classes, _) = training_sample(picture, 128, augmentation, np.random.default_rng(seed))
            if len(boxes) == 0:
                continue
            seen += 1
            self.assertEqual(classes.tolist(), [2])
            bright = np.argwhere(image[0].numpy() > 0.3)
            y1, x1, y2, x2 = boxes[0].tolist()
            np.testing.assert_allclose([*bright.min(0), *(bright.max(0) + 1)], [y1, x1, y2, x2], atol=1.5)
        self.assertGreater(seen, 40)

    def test_undo_inverts_apply(self) -> None:
        for seed in range(20):
            view = random_view(picture_with_a_block(seed), 128, Augmentation(crop=True), np.random.default_rng(seed))
            boxes = np.array([[3.0, 4.0, 50.0, 60.0]])
            np.testing.assert_allclose(view.undo(view.apply(boxes)), boxes, atol=1e-6)

    def test_a_letterboxed_picture_lies_top_left_and_the_rest_is_zero(self) -> None:
        view = letterbox(320, 256, 512)
        self.assertEqual(view, View(1.6, 410 / 256, 0.0, 0.0))
        image = normalize(*view.render(np.full((256, 320, 1), 200, np.uint8), 512))
        self.assertTrue((image[:, :410] != 0).all())
        self.assertTrue((image[:, 410:] == 0).all())


if __name__ == "__main__":
    unittest.main()
