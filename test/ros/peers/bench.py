"""
Cameras and a listener in one process, for latencies by one clock: bench.py [--echo] SECONDS RATE WIDTH HEIGHT BAND... . Reports, for each
image whose detections came back, milliseconds from just before publishing to just after receiving, and of these: in the call that
publishes; from there to the publishing of the detections (by the stamp that the middleware gives them); from there to the listener. With
--echo every other image goes to bench_echo.py instead, half a period later: the same way there and back without anything in between. Also
how many were published, and how many were sent with those of the first three seconds.
"""

import argparse
import array
import functools
import time

import numpy
import rclpy
from plain import report
from rclpy.qos import QoSProfile, ReliabilityPolicy
from sensor_msgs.msg import Image
from std_msgs.msg import Float64
from vision_msgs.msg import Detection2DArray

WARM_UP = 3
STAGES = ('latencies', 'publishing', 'between', 'returning')

parser = argparse.ArgumentParser()
parser.add_argument('--echo', action='store_true')
parser.add_argument('seconds', type=float)
parser.add_argument('rate', type=float)
parser.add_argument('width', type=int)
parser.add_argument('height', type=int)
parser.add_argument('bands', nargs='+')
options = parser.parse_args()
sensor = QoSProfile(depth=2, reliability=ReliabilityPolicy.BEST_EFFORT)

rclpy.init()
node = rclpy.create_node('bench')
pixels = numpy.random.default_rng(1).integers(0, 256, options.height * options.width * 3, dtype=numpy.uint8)
pixels = array.array('B', pixels.tobytes())
counted_from = 0


class Cameras:
    """The images of one kind, and what became of them."""

    def __init__(self, images, detections):
        self.publishers = {band: node.create_publisher(Image, images.format(band), sensor) for band in options.bands}
        self.sent = {}
        self.times = {stage: [] for stage in STAGES}
        self.published = 0
        self.sent_in_all = 0
        for band in options.bands:
            node.create_subscription(Detection2DArray, detections.format(band), functools.partial(self.received, band), 50)

    def wait(self):
        while any(publisher.get_subscription_count() == 0 for publisher in self.publishers.values()):
            rclpy.spin_once(node, timeout_sec=0.1)

    def send(self):
        stamp = node.get_clock().now().to_msg()
        for band, publisher in self.publishers.items():
            message = Image(height=options.height, width=options.width, encoding='rgb8', step=3 * options.width)
            message.header.stamp = stamp
            message.data = pixels
            started = time.time_ns()
            publisher.publish(message)
            self.sent[(band, stamp.sec, stamp.nanosec)] = (started, time.time_ns())
            self.published += started >= counted_from
            self.sent_in_all += 1

    def received(self, band, message, info):
        now = time.time_ns()
        began, sent = self.sent.pop((band, message.header.stamp.sec, message.header.stamp.nanosec), (0, 0))
        if began < counted_from:
            return
        answered = info['source_timestamp']
        for stage, nanoseconds in zip(STAGES, (now - began, sent - began, answered - sent, now - answered)):
            self.times[stage].append(nanoseconds / 1e6)


inferences = []
tested = Cameras('/camera/{}/image_raw', '/perception_node/{}/detections')
node.create_subscription(Float64, '/perception_node/debug/inference_ms', lambda message: inferences.append(message.data), 50)
turns = [tested]
if options.echo:
    turns.append(Cameras('/echo/{}/image_raw', '/echo/{}/detections'))
for cameras in turns:
    cameras.wait()

start = time.monotonic()
warm = start + WARM_UP
counted_from = time.time_ns() + WARM_UP * 1_000_000_000
turn = 0
while time.monotonic() < warm + options.seconds:
    due = start + turn / (options.rate * len(turns))
    now = time.monotonic()
    if now < due:
        rclpy.spin_once(node, timeout_sec=due - now)
        continue
    turns[turn % len(turns)].send()
    turn += 1
    if now <= warm:
        inferences.clear()
end = time.monotonic() + 2
while time.monotonic() < end:
    rclpy.spin_once(node, timeout_sec=0.05)
echo = turns[1].times if options.echo else None
report(**tested.times, inferences=inferences, echo=echo, published=tested.published, sent=tested.sent_in_all)
node.destroy_node()
rclpy.shutdown()
