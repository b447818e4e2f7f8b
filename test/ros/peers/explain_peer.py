"""
A client of the explain node's action that the tests steer by JSON commands on standard input. Reports are JSON lines.

  {"subscribe": topic, "type": "pkg/msg/Name"}
  {"goal": {fields of the goal; "image": {"width": w, "height": h} sends a gradient}, "id": 1, "cancel_after": feedbacks or absent}
  {"parameters": {name: value}, "id": 2}
"""

import json
import os
import sys
import threading
import time

import numpy
import rclpy
from diagnostic_msgs.msg import DiagnosticArray
from multispectral_saliency.action import Explain
from multispectral_saliency.msg import Explanation
from plain import report
from rclpy.action import ActionClient
from rclpy.executors import ExternalShutdownException
from sensor_msgs.msg import CompressedImage

TYPES = {'explanation': Explanation, 'compressed': CompressedImage, 'diagnostics': DiagnosticArray}


def describe(message):
    """A few fields of an Explanation; the map by its figures."""
    fields = ['spectrum', 'class_name', 'score', 'method', 'seed', 'passes', 'planned_passes', 'lost', 'complete', 'model_sha256']
    fields += ['image_width', 'image_height', 'x_min', 'y_min', 'x_max', 'y_max', 'map_width', 'map_height']
    stamp = message.header.stamp
    return {
        **{name: getattr(message, name) for name in fields},
        'stamp': str(stamp.sec * 10**9 + stamp.nanosec),
        'map_values': len(message.map),
        'map_maximum': float(max(message.map, default=0)),
        'standard_error_values': len(message.standard_error),
        'scores': {score.name: score.value for score in message.scores},
        'settings': json.loads(message.settings),
    }


def said(message):
    if isinstance(message, Explanation):
        return describe(message)
    if isinstance(message, CompressedImage):
        return {'format': message.format, 'bytes': len(message.data)}
    return {
        status.name: {'level': status.level[0], 'message': status.message, 'values': {pair.key: pair.value for pair in status.values}}
        for status in message.status
    }


class Peer:
    def __init__(self):
        self.node = rclpy.create_node('explain_peer')
        self.client = ActionClient(self.node, Explain, '/explain_node/explain')
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
            kind = TYPES[topic.rsplit('/', 1)[1]]
            self.node.create_subscription(kind, topic, lambda message: report(topic=topic, message=said(message)), 100)
            report(subscribed=topic)
        elif 'goal' in command:
            self.send(command)

    def send(self, command):
        goal = Explain.Goal()
        for name, value in command['goal'].items():
            if name == 'image':
                width, height = value['width'], value['height']
                goal.image.width, goal.image.height, goal.image.step, goal.image.encoding = width, height, 3 * width, 'rgb8'
                goal.image.data = (numpy.arange(3 * width * height) * 7 % 256).astype(numpy.uint8).tobytes()
            elif name == 'stamp':
                goal.stamp.sec, goal.stamp.nanosec = divmod(int(value), 10**9)
            else:
                setattr(goal, name, float(value) if name[1:] in ('_min', '_max') else value)
        if not self.client.wait_for_server(timeout_sec=60):
            report(id=command['id'], result=None)
            return
        feedbacks = []
        handles = []

        def heard(message):
            feedback = message.feedback
            feedbacks.append(feedback)
            report(
                id=command['id'],
                feedback={
                    'passes': feedback.passes,
                    'planned_passes': feedback.planned_passes,
                    'seconds_left': feedback.seconds_left,
                    'partial': [describe(one) for one in feedback.partial],
                },
            )
            if len(feedbacks) == command.get('cancel_after') and handles:
                handles[0].cancel_goal_async()

        def accepted(future):
            handle = future.result()
            if not handle.accepted:
                report(id=command['id'], result={'status': 'rejected'})
                return
            handles.append(handle)
            if command.get('cancel_after') == 0:
                handle.cancel_goal_async()
            handle.get_result_async().add_done_callback(done)

        def done(future):
            answer = future.result()
            status = {4: 'succeeded', 5: 'canceled', 6: 'aborted'}.get(answer.status, answer.status)
            explanations = [describe(one) for one in answer.result.explanations]
            report(id=command['id'], result={'status': status, 'message': answer.result.message, 'explanations': explanations, 'at': time.time()})

        self.client.send_goal_async(goal, feedback_callback=heard).add_done_callback(accepted)


rclpy.init()
try:
    Peer().spin()
except (KeyboardInterrupt, ExternalShutdownException):
    pass
