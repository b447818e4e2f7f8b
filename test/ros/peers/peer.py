"""
A ROS process that the tests steer: cameras, subscribers and service calls, by JSON commands on standard input. Reports are JSON lines.

  {"subscribe": topic, "type": "pkg/msg/Name", "qos": "reliable" | "sensor" | "latched"}
  {"call": service, "type": "pkg/srv/Name", "request": {...}, "id": 1}
  {"camera": topic, "frame_id": "x", "width": 64, "height": 48, "encoding": "rgb8", "rate": 10, "reliability": "reliable" | "sensor",
   "stamp_offset": 0.0, "broken": false, "compressed": false}         (again for the same topic: changes it; "rate": 0 stops it)
  {"publish": topic, "type": "pkg/msg/Name", "message": {...}}
  {"publishers": topic, "id": 1}
"""

import importlib
import json
import os
import struct
import sys
import threading
import time
import zlib

import numpy
import rclpy
from plain import plain, report
from rclpy.executors import ExternalShutdownException
from rclpy.qos import DurabilityPolicy, QoSProfile, ReliabilityPolicy
from rclpy.time import Time
from sensor_msgs.msg import CompressedImage, Image

QOS = {
    'reliable': QoSProfile(depth=50),
    'sensor': QoSProfile(depth=50, reliability=ReliabilityPolicy.BEST_EFFORT),
    'latched': QoSProfile(depth=1, durability=DurabilityPolicy.TRANSIENT_LOCAL),
}
CHANNELS = {'rgb8': (3, 'u1'), 'bgr8': (3, 'u1'), 'mono8': (1, 'u1'), 'mono16': (1, '<u2')}
# Fields that would only make the reports long.
LONG = ('data', 'covariance')


def interface(name):
    package, kind, message = name.split('/')
    return getattr(importlib.import_module(f'{package}.{kind}'), message)


def fill(message, values):
    for name, value in values.items():
        field = getattr(message, name)
        if hasattr(field, 'get_fields_and_field_types'):
            fill(field, value)
        elif isinstance(value, list) and value and isinstance(value[0], dict):
            kind = message.get_fields_and_field_types()[name].removeprefix('sequence<').removesuffix('>')
            setattr(message, name, [fill(interface(kind.replace('/', '/msg/'))(), item) for item in value])
        else:
            # JSON has 1 for 1.0, and rclpy would write the integer's bits.
            setattr(message, name, float(value) if isinstance(field, float) else value)
    return message


def shortened(value):
    if isinstance(value, dict):
        return {name: {'length': len(part)} if name in LONG and isinstance(part, list) else shortened(part) for name, part in value.items()}
    return [shortened(part) for part in value] if isinstance(value, list) else value


def png(pixels):
    height, width = pixels.shape[:2]
    rows = b''.join(b'\0' + row.tobytes() for row in pixels)
    colour = 2 if pixels.ndim == 3 else 0

    def chunk(name, data):
        return struct.pack('>I', len(data)) + name + data + struct.pack('>I', zlib.crc32(name + data))

    header = struct.pack('>IIBBBBB', width, height, 8, colour, 0, 0, 0)
    return b'\x89PNG\r\n\x1a\n' + chunk(b'IHDR', header) + chunk(b'IDAT', zlib.compress(rows, 1)) + chunk(b'IEND', b'')


class Camera:
    def __init__(self, node, topic, settings):
        self.node = node
        self.settings = {'width': 64, 'height': 48, 'encoding': 'rgb8', 'rate': 10, 'stamp_offset': 0.0, 'broken': False, 'frame_id': ''}
        self.settings.update(settings)
        self.compressed = settings.get('compressed', False)
        qos = QOS[settings.get('reliability', 'reliable')]
        self.publisher = node.create_publisher(CompressedImage if self.compressed else Image, topic, qos)
        self.random = numpy.random.default_rng(1)
        self.sent = 0
        self.timer = None
        self.change({})

    def change(self, settings):
        self.settings.update(settings)
        if self.timer:
            self.node.destroy_timer(self.timer)
            self.timer = None
        if self.settings['rate'] > 0:
            self.timer = self.node.create_timer(1 / self.settings['rate'], self.send)

    def send(self):
        s = self.settings
        channels, kind = CHANNELS[s['encoding']]
        shape = (s['height'], s['width'], channels) if channels > 1 else (s['height'], s['width'])
        pixels = self.random.integers(0, 256, shape).astype(kind)
        message = self.publisher.msg_type()
        now = self.node.get_clock().now().nanoseconds + int(s['stamp_offset'] * 1e9)
        message.header.stamp = Time(nanoseconds=now).to_msg()
        message.header.frame_id = s['frame_id']
        if self.compressed:
            message.format = 'png'
            message.data = png(pixels)[: 40 if s['broken'] else None]
        else:
            message.height, message.width = s['height'], s['width']
            message.encoding = s['encoding']
            message.step = s['width'] * channels * pixels.itemsize
            message.data = pixels.tobytes()[: 10 if s['broken'] else None]
        self.publisher.publish(message)
        self.sent += 1


class Peer:
    def __init__(self):
        self.node = rclpy.create_node('test_peer')
        self.cameras = {}
        self.publishers = {}
        self.commands = []
        threading.Thread(target=self.read, daemon=True).start()

    def read(self):
        for line in sys.stdin:
            self.commands.append(json.loads(line))
        os._exit(0)  # the test is gone

    def spin(self):
        while rclpy.ok():
            rclpy.spin_once(self.node, timeout_sec=0.02)
            while self.commands:
                self.obey(self.commands.pop(0))

    def obey(self, command):
        if 'subscribe' in command:
            topic = command['subscribe']

            def heard(message):
                report(topic=topic, at=time.time_ns(), message=shortened(plain(message)))

            self.node.create_subscription(interface(command['type']), topic, heard, QOS[command.get('qos', 'reliable')])
        elif 'call' in command:
            service = interface(command['type'])
            client = self.node.create_client(service, command['call'])
            found = client.wait_for_service(timeout_sec=20)
            if not found:
                report(id=command['id'], response=None)
                return
            future = client.call_async(fill(service.Request(), command.get('request', {})))
            future.add_done_callback(lambda done: report(id=command['id'], response=shortened(plain(done.result()))))
        elif 'publishers' in command:
            infos = self.node.get_publishers_info_by_topic(command['publishers'])
            offers = [{'type': i.topic_type, 'reliability': i.qos_profile.reliability.name, 'durability': i.qos_profile.durability.name} for i in infos]
            report(id=command['id'], response=offers)
        elif 'camera' in command:
            topic = command['camera']
            settings = {name: value for name, value in command.items() if name != 'camera'}
            if topic in self.cameras:
                self.cameras[topic].change(settings)
            else:
                self.cameras[topic] = Camera(self.node, topic, settings)
        elif 'publish' in command:
            topic, kind = command['publish'], interface(command['type'])
            if topic not in self.publishers:
                self.publishers[topic] = self.node.create_publisher(kind, topic, QOS[command.get('qos', 'reliable')])
            self.publishers[topic].publish(fill(kind(), command['message']))


rclpy.init()
try:
    Peer().spin()
except (KeyboardInterrupt, ExternalShutdownException):
    pass
