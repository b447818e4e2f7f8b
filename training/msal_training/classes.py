"""The nine classes of the study's data set, in the order of the class channels.

COCO category ids on disk are `index + 1`.
"""

CLASSES = (
    "Person",
    "car",
    "bike",
    "color_cone",
    "car_stop",
    "bump",
    "hole",
    "animal",
    "unknown",
)

SPECTRA = ("rgb", "nir", "mir", "fir")
