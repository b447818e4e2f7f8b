"""Answers each image of /echo/<band>/image_raw with empty detections at once: bench_echo.py BAND... . What bench.py compares a node with."""

import functools
import sys

import rclpy
from rclpy.executors import ExternalShutdownException
from rclpy.qos import QoSProfile, ReliabilityPolicy
from sensor_msgs.msg import Image
from vision_msgs.msg import Detection2DArray

sensor = QoSProfile(depth=2, reliability=ReliabilityPolicy.BEST_EFFORT)

rclpy.init()
node = rclpy.create_node('echo')


def answer(publisher, image):
    publisher.publish(Detection2DArray(header=image.header))


for band in sys.argv[1:]:
    back = node.create_publisher(Detection2DArray, f'/echo/{band}/detections', 10)
    node.create_subscription(Image, f'/echo/{band}/image_raw', functools.partial(answer, back), sensor)
try:
    rclpy.spin(node)
except (KeyboardInterrupt, ExternalShutdownException):
    pass
