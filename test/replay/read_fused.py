"""Reads the fused detections of an annotated bag with two independent readers.

usage: read_fused.py ANNOTATED.mcap    prints JSON: by reader, what the messages hold
"""

import json
import sys
from pathlib import Path

from mcap.reader import make_reader
from mcap_ros2.decoder import DecoderFactory
from rosbags.highlevel import AnyReader

BASE = '/multispectral_saliency/fused/'


def note(found, topic, message):
    kind = topic.removeprefix(BASE)
    if kind == 'supported':
        found[kind].append({
            'stamp': [message.header.stamp.sec, message.header.stamp.nanosec],
            'frameId': message.header.frame_id,
            'reference': message.reference,
            'spectra': list(message.spectra),
            'detections': [
                {
                    'className': detection.class_name,
                    'score': float(detection.score),
                    'supporting': list(detection.supporting),
                    'silent': list(detection.silent),
                    'shapley': [float(value) for value in detection.shapley],
                    'leaveOneOut': [float(value) for value in detection.leave_one_out],
                    'members': [[m.spectrum, int(m.index), float(m.score)] for m in detection.members],
                }
                for detection in message.detections
            ],
        })
    elif kind == 'detections':
        found[kind].append([d.results[0].hypothesis.class_id for d in message.detections])
    else:
        found[kind].append(len(message.points))


def main(annotated):
    readers = {name: {'supported': [], 'detections': [], 'annotations': []} for name in ('mcap_ros2', 'rosbags')}
    with open(annotated, 'rb') as stream:
        reader = make_reader(stream, decoder_factories=[DecoderFactory()])
        for _, channel, _, message in reader.iter_decoded_messages():
            if channel.topic.startswith(BASE):
                note(readers['mcap_ros2'], channel.topic, message)
    with AnyReader([Path(annotated)]) as reader:
        for connection, _, data in reader.messages():
            if connection.topic.startswith(BASE):
                note(readers['rosbags'], connection.topic, reader.deserialize(data, connection.msgtype))
    print(json.dumps(readers))


main(*sys.argv[1:])
