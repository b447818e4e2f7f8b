"""
Publishes malformed images on the camera topics, reliably, and reports how many: fuzz.py SEED COUNT TOPIC... . Every tenth message is not
even CDR of an Image.
"""

import random
import sys
import time

import rclpy
from plain import report
from rclpy.qos import QoSProfile
from rclpy.serialization import serialize_message
from sensor_msgs.msg import Image

ENCODINGS = ['rgb8', 'bgr8', 'mono8', 'mono16', '32FC1', 'bayer_rggb8', 'bayer_gbrg16', 'yuv422_yuy2', 'nv21', '64FC4', '', 'rgb', 'ÿ\n', 'x' * 300]
NUMBERS = [0, 1, 2, 3, 7, 8, 16, 63, 64, 65, 1000, 65535, 65536, 2**31 - 1, 2**31, 2**32 - 1]

chance = random.Random(int(sys.argv[1]))
count = int(sys.argv[2])
rclpy.init()
node = rclpy.create_node('fuzz')
publishers = [node.create_publisher(Image, topic, QoSProfile(depth=count)) for topic in sys.argv[3:]]
while any(publisher.get_subscription_count() == 0 for publisher in publishers):
    rclpy.spin_once(node, timeout_sec=0.1)

for index in range(count):
    publisher = publishers[index % len(publishers)]
    message = Image()
    message.header.stamp.sec = chance.choice([0, 1, -1, -(2**31), 2**31 - 1, int(time.time())])
    message.header.stamp.nanosec = chance.choice([0, 1, 999_999_999, 10**9, 2**32 - 1])
    message.header.frame_id = chance.choice(['', 'camera', 'x' * 1000])
    message.width, message.height, message.step = (chance.choice(NUMBERS) for _ in range(3))
    message.encoding = chance.choice(ENCODINGS)
    message.is_bigendian = chance.choice([0, 1, 255])
    message.data = chance.randbytes(chance.choice([0, 1, 2, 100, 4096]))
    if index % 10 == 0:
        whole = serialize_message(message)
        publisher.publish(whole[: chance.randrange(4, len(whole))])
    else:
        publisher.publish(message)
    if index % 20 == 0:
        time.sleep(0.01)

for publisher in publishers:
    publisher.wait_for_all_acked()
report(published=count)
node.destroy_node()
rclpy.shutdown()
