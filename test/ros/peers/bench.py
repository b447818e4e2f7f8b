"""
Cameras and a listener in one process, for latencies by one clock: bench.py SECONDS RATE WIDTH HEIGHT BAND... . Reports, for each image whose
detections came back, milliseconds from just before publishing to just after receiving, how many were published, and how many were
sent with those of the first three seconds.
"""

import array
import sys
import time

import numpy
import rclpy
from plain import report
from rclpy.qos import QoSProfile, ReliabilityPolicy
from sensor_msgs.msg import Image
from std_msgs.msg import Float64
from vision_msgs.msg import Detection2DArray

seconds, rate = float(sys.argv[1]), float(sys.argv[2])
width, height = int(sys.argv[3]), int(sys.argv[4])
bands = sys.argv[5:]
sensor = QoSProfile(depth=2, reliability=ReliabilityPolicy.BEST_EFFORT)

rclpy.init()
node = rclpy.create_node('bench')
sent = {}
latencies = []
inferences = []
pixels = array.array('B', numpy.random.default_rng(1).integers(0, 256, height * width * 3, dtype=numpy.uint8).tobytes())


def received(band, message):
    started = sent.pop((band, message.header.stamp.sec, message.header.stamp.nanosec), None)
    if started is not None and started >= counted_from:
        latencies.append((time.monotonic_ns() - started) / 1e6)


counted_from = 0
publishers = {}
for band in bands:
    publishers[band] = node.create_publisher(Image, f'/camera/{band}/image_raw', sensor)
    node.create_subscription(Detection2DArray, f'/perception_node/{band}/detections', lambda m, band=band: received(band, m), 50)
node.create_subscription(Float64, '/perception_node/debug/inference_ms', lambda m: inferences.append(m.data), 50)
while any(publisher.get_subscription_count() == 0 for publisher in publishers.values()):
    rclpy.spin_once(node, timeout_sec=0.1)

published = 0
sent_in_all = 0
start = time.monotonic()
warm = start + 3
counted_from = time.monotonic_ns() + 3_000_000_000
due = start
while time.monotonic() < warm + seconds:
    now = time.monotonic()
    if now < due:
        rclpy.spin_once(node, timeout_sec=due - now)
        continue
    due += 1 / rate
    stamp = node.get_clock().now().to_msg()
    for band in bands:
        message = Image(height=height, width=width, encoding='rgb8', step=3 * width)
        message.header.stamp = stamp
        message.data = pixels
        key = (band, stamp.sec, stamp.nanosec)
        sent[key] = time.monotonic_ns()
        publishers[band].publish(message)
        published += sent[key] >= counted_from
        sent_in_all += 1
    if now <= warm:
        inferences.clear()
end = time.monotonic() + 2
while time.monotonic() < end:
    rclpy.spin_once(node, timeout_sec=0.05)
report(latencies=latencies, inferences=inferences, published=published, sent=sent_in_all)
node.destroy_node()
rclpy.shutdown()
