"""Sends ExplainedDetections through a node of rclnodejs (echo.js beside this file) and reports what was sent and what came back."""

import pathlib
import subprocess

import rclpy
from multispectral_saliency.msg import ExplainedDetection, ExplainedDetections
from plain import plain, report

message = ExplainedDetections(spectrum='fir', model_sha256='ab' * 32, method='grad-cam', variant='usual')
message.header.stamp.sec = 1_800_000_000
message.header.stamp.nanosec = 999_999_999
message.header.frame_id = 'fir_optical_frame – ö'
for index in range(2):
    detection = ExplainedDetection(class_name='Person', score=0.5, x_min=-1.5, y_max=480.25, level=3 + index)
    detection.peak_in_box = index == 1
    detection.map_width, detection.map_height = index, 3 * index
    detection.map = [0.25, 0.5, 1.0][: 3 * index]
    message.detections.append(detection)

rclpy.init()
node = rclpy.create_node('echo_test')
received = []
node.create_subscription(ExplainedDetections, 'back', received.append, 10)
publisher = node.create_publisher(ExplainedDetections, 'there', 10)
echo = subprocess.Popen(['node', str(pathlib.Path(__file__).with_name('echo.js'))])
try:
    while not received:
        if publisher.get_subscription_count() > 0:
            publisher.publish(message)
        if echo.poll() is not None:
            raise SystemExit(f'echo.js ended with {echo.returncode}')
        rclpy.spin_once(node, timeout_sec=0.2)
    report(sent=plain(message), echo=plain(received[0]))
finally:
    echo.kill()
    echo.wait()
