"""
A listener of its own process: listener.py TOPIC TYPE [--sensor] [--slow SECONDS]. One JSON line a message: its header's stamp and when it arrived,
nanoseconds of the same clock. A slow one sleeps in its callback.
"""

import argparse
import importlib
import time

import rclpy
from plain import report
from rclpy.executors import ExternalShutdownException
from rclpy.qos import QoSProfile, ReliabilityPolicy

parser = argparse.ArgumentParser()
parser.add_argument('topic')
parser.add_argument('type')
parser.add_argument('--sensor', action='store_true')
parser.add_argument('--slow', type=float, default=0.0)
arguments = parser.parse_args()
package, kind, name = arguments.type.split('/')
interface = getattr(importlib.import_module(f'{package}.{kind}'), name)


def heard(message):
    stamp = message.header.stamp
    report(stamp=stamp.sec * 1_000_000_000 + stamp.nanosec, at=time.time_ns())
    time.sleep(arguments.slow)


rclpy.init()
try:
    node = rclpy.create_node('listener')
    reliability = ReliabilityPolicy.BEST_EFFORT if arguments.sensor else ReliabilityPolicy.RELIABLE
    node.create_subscription(interface, arguments.topic, heard, QoSProfile(depth=10, reliability=reliability))
    rclpy.spin(node)
except (KeyboardInterrupt, ExternalShutdownException):
    pass
