"""Reads an annotated bag with two independent readers and compares the recorded messages with the original bag.

usage: read_annotated.py ORIGINAL.mcap ANNOTATED.mcap    prints JSON
"""

import json
import sys
from collections import Counter
from pathlib import Path

from mcap.reader import make_reader
from mcap_ros2.decoder import DecoderFactory
from rosbags.highlevel import AnyReader

OWN = '/multispectral_saliency/'


def tally():
    return {'detections': 0, 'overlays': 0, 'annotated': 0, 'explained': 0, 'mapsFit': True}


def count(found, topic, message):
    """Adds one message of ours; the boxes of the two detection messages must lie inside 96 x 64 pictures."""
    if topic.endswith('/detections'):
        for detection in message.detections:
            box = detection.bbox
            assert 0 <= box.center.position.x <= 96 and 0 <= box.center.position.y <= 64, box
            assert len(detection.results) == 1 and 0 <= detection.results[0].hypothesis.score <= 1
        found['detections'] += len(message.detections)
    elif topic.endswith('/overlay/compressed'):
        assert message.format == 'jpeg' and bytes(message.data[:2]) == b'\xff\xd8'
        found['overlays'] += 1
    elif topic.endswith('/annotations'):
        assert len(message.points) == len(message.texts)
        found['annotated'] += len(message.points)
    elif topic.endswith('/explained'):
        found['explained'] += len(message.detections)
        for detection in message.detections:
            if len(detection.map) != detection.map_width * detection.map_height or len(detection.map) == 0:
                found['mapsFit'] = False


def raw_messages(path):
    with open(path, 'rb') as stream:
        return Counter(
            (channel.topic, schema.name, message.log_time, message.publish_time, message.data)
            for schema, channel, message in make_reader(stream).iter_messages()
            if not channel.topic.startswith(OWN)
        )


def main(original, annotated):
    by_mcap = tally()
    with open(annotated, 'rb') as stream:
        reader = make_reader(stream, decoder_factories=[DecoderFactory()])
        for _, channel, _, message in reader.iter_decoded_messages():
            if channel.topic.startswith(OWN):
                count(by_mcap, channel.topic, message)
    by_rosbags = tally()
    with AnyReader([Path(annotated)]) as reader:
        for connection, _, data in reader.messages():
            if connection.topic.startswith(OWN):
                count(by_rosbags, connection.topic, reader.deserialize(data, connection.msgtype))
    print(json.dumps({
        'originalsUntouched': raw_messages(original) == raw_messages(annotated),
        'readers': {'rosbags': by_rosbags, 'mcap_ros2': by_mcap},
    }))


main(*sys.argv[1:])
