"""ROS messages as plain JSON values (rosidl_runtime_py is not among the wheels)."""

import array
import json
import math
import sys

import numpy


def plain(value):
    if hasattr(value, 'get_fields_and_field_types'):
        return {name: plain(getattr(value, name)) for name in value.get_fields_and_field_types()}
    # As lists, the pixels of one image keep a listener busy for longer than the camera takes for the next.
    if isinstance(value, array.array) and len(value) > 50_000:
        return {'length': len(value)}
    if isinstance(value, (bytes, bytearray)):
        return value[0] if len(value) == 1 else list(value)
    if isinstance(value, (list, tuple, array.array, numpy.ndarray)):
        return [plain(item) for item in value]
    if isinstance(value, numpy.generic):
        return plain(value.item())
    if isinstance(value, float) and not math.isfinite(value):
        return None  # JSON has no such numbers
    return value


def report(**values):
    """One JSON line on standard output: how every peer talks to the tests."""
    sys.stdout.write(json.dumps(values) + '\n')
    sys.stdout.flush()
