"""Reads a bag with rosbags and with mcap-ros2-support, which know nothing of our code, and prints what both found.

usage: read_bags.py FOLDER
"""

import json
import sys
from pathlib import Path

import numpy as np
from mcap.reader import make_reader
from mcap_ros2.decoder import DecoderFactory
from rosbags.highlevel import AnyReader


def plain(value):
    if isinstance(value, (str, int, float, bool)):
        return value
    if isinstance(value, (bytes, bytearray)):
        return list(value)
    if isinstance(value, np.ndarray):
        return [plain(item) for item in value.tolist()]
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    if hasattr(value, "item"):
        return value.item()
    if hasattr(value, "__slots__"):
        names = [n for n in value.__slots__]
    else:
        names = list(vars(value))
    return {n: plain(getattr(value, n)) for n in names if n.isidentifier() and n.isupper() is False and n != "__msgtype__"}


def with_rosbags(folder):
    messages = []
    with AnyReader([folder]) as reader:
        for connection, stamp, data in reader.messages():
            message = reader.deserialize(data, connection.msgtype)
            messages.append([connection.topic, connection.msgtype, str(stamp), plain(message)])
        hashes = {c.topic: reader.typestore.hash_rihs01(c.msgtype) for c in reader.connections}
        counts = {c.topic: c.msgcount for c in reader.connections}
    return {"messages": messages, "hashes": hashes, "counts": counts}


def with_mcap(file):
    with open(file, "rb") as stream:
        reader = make_reader(stream, decoder_factories=[DecoderFactory()], validate_crcs=True)
        summary = reader.get_summary()
        messages = [
            [channel.topic, schema.name, str(message.log_time), plain(decoded)]
            for schema, channel, message, decoded in reader.iter_decoded_messages()
        ]
        return {
            "profile": reader.get_header().profile,
            "messages": messages,
            "metadata": {record.name: record.metadata for record in reader.iter_metadata()},
            "chunks": len(summary.chunk_indexes),
            "compressions": sorted({chunk.compression for chunk in summary.chunk_indexes}),
            "count": summary.statistics.message_count,
            "channels": {c.topic: [c.message_encoding, sorted(c.metadata)] for c in summary.channels.values()},
            "encodings": sorted({s.encoding for s in summary.schemas.values()}),
        }


folder = Path(sys.argv[1])
file = next(folder.glob("*.mcap"))
print(json.dumps({"rosbags": with_rosbags(folder), "mcap": with_mcap(file)}))
