"""Reads a result of the explain node with two independent readers. usage: read_explanations.py FILE.mcap    prints JSON"""

import json
import sys
from pathlib import Path

from mcap.reader import make_reader
from mcap_ros2.decoder import DecoderFactory
from rosbags.highlevel import AnyReader


def describe(message):
    stamp = message.header.stamp
    return {
        'class_name': message.class_name,
        'score': message.score,
        'map': {'size': len(message.map), 'expected': message.map_width * message.map_height, 'sum': sum(float(value) for value in message.map)},
        'standard_error': {'size': len(message.standard_error)},
        'method': message.method,
        'settings': json.loads(message.settings),
        'seed': message.seed,
        'complete': message.complete,
        'passes': message.passes,
        'planned_passes': message.planned_passes,
        'lost': message.lost,
        'scores': {score.name: score.value for score in message.scores},
        'model_sha256': message.model_sha256,
        'versions': json.loads(message.versions),
        'stamp': str(stamp.sec * 10**9 + stamp.nanosec),
        'frame_id': message.header.frame_id,
    }


def gather(messages):
    found = {'topics': {}, 'explanations': [], 'overlays': 0}
    for topic, kind, message in messages:
        found['topics'][topic] = kind
        if kind.endswith('/Explanation'):
            found['explanations'].append(describe(message))
        elif topic.endswith('/overlay/compressed'):
            assert message.format == 'jpeg' and bytes(message.data[:2]) == b'\xff\xd8'
            found['overlays'] += 1
    return found


def by_mcap(path):
    with open(path, 'rb') as stream:
        reader = make_reader(stream, decoder_factories=[DecoderFactory()])
        for schema, channel, _, message in reader.iter_decoded_messages():
            yield channel.topic, schema.name, message


def by_rosbags(path):
    with AnyReader([Path(path)]) as reader:
        for connection, _, data in reader.messages():
            yield connection.topic, connection.msgtype, reader.deserialize(data, connection.msgtype)


print(json.dumps({'mcap_ros2': gather(by_mcap(sys.argv[1])), 'rosbags': gather(by_rosbags(sys.argv[1]))}))
