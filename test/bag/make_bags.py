"""Writes one small drive in every flavour of bag there is, with software that is not ours.

usage: make_bags.py FOLDER

The drive: topics /camera/rgb/image_raw (sensor_msgs/msg/Image, 4x2 rgb8) and /text (std_msgs/msg/String), message i at log
time BASE + i * 10 ms. Prints, as JSON, what is in it.
"""

import hashlib
import json
import os
import sqlite3
import sys
from pathlib import Path

import numpy as np
from mcap.writer import CompressionType, IndexType, Writer as McapWriter
from rosbags.rosbag2 import CompressionFormat, CompressionMode, StoragePlugin, Writer
from rosbags.typesys import Stores, get_typestore

BASE = 1_700_000_000_000_000_000
COUNT = 60
store = get_typestore(Stores.ROS2_JAZZY)
Time = store.types["builtin_interfaces/msg/Time"]
Header = store.types["std_msgs/msg/Header"]
Image = store.types["sensor_msgs/msg/Image"]
String = store.types["std_msgs/msg/String"]
TOPICS = {"/camera/rgb/image_raw": "sensor_msgs/msg/Image", "/text": "std_msgs/msg/String"}


def drive():
    for i in range(COUNT):
        stamp = BASE + i * 10_000_000
        if i % 3 == 0:
            yield "/text", stamp, String(data=f"mile {i} ü")
        else:
            header = Header(stamp=Time(sec=stamp // 10**9, nanosec=stamp % 10**9), frame_id="rgb_optical_frame")
            pixels = ((np.arange(24) * 7 + i) % 256).astype(np.uint8)
            yield "/camera/rgb/image_raw", stamp, Image(header, 2, 4, "rgb8", 0, 12, pixels)


def messages():
    for topic, stamp, message in drive():
        yield topic, stamp, bytes(store.serialize_cdr(message, TOPICS[topic]))


def write_rosbags(path, plugin, mode, version):
    writer = Writer(path, version=version, storage_plugin=plugin)
    writer.set_compression(mode, CompressionFormat.ZSTD)
    with writer:
        connections = {t: writer.add_connection(t, kind, typestore=store) for t, kind in TOPICS.items()}
        for topic, stamp, data in messages():
            writer.write(connections[topic], stamp, data)


def write_mcap(path, part=lambda i: True, **options):
    with open(path, "wb") as out:
        writer = McapWriter(out, **options)
        writer.start(profile="ros2", library="test")
        channels = {}
        for topic, kind in TOPICS.items():
            definition = store.generate_msgdef(kind, ros_version=2)[0].encode()
            schema = writer.register_schema(name=kind, encoding="ros2msg", data=definition)
            channels[topic] = writer.register_channel(topic=topic, message_encoding="cdr", schema_id=schema)
        for i, (topic, stamp, data) in enumerate(messages()):
            if part(i):
                writer.add_message(channel_id=channels[topic], log_time=stamp, publish_time=stamp - 5, sequence=i, data=data)
        writer.add_metadata("drive", {"city": "Tokyo"})
        writer.finish()


def write_sqlite(path, wal=False, definitions=True, index=True):
    """A .db3 as rosbag2 lays it out. With `wal`, the messages are left in the write-ahead log, as a crash does."""
    db = sqlite3.connect(path)
    if wal:
        db.execute("PRAGMA journal_mode = WAL")
    db.executescript(
        """CREATE TABLE schema(schema_version INTEGER PRIMARY KEY, ros_distro TEXT NOT NULL);
        CREATE TABLE topics(id INTEGER PRIMARY KEY, name TEXT NOT NULL, type TEXT NOT NULL,
          serialization_format TEXT NOT NULL, offered_qos_profiles TEXT NOT NULL);
        CREATE TABLE messages(id INTEGER PRIMARY KEY, topic_id INTEGER NOT NULL, timestamp INTEGER NOT NULL, data BLOB NOT NULL);"""
    )
    if index:
        db.execute("CREATE INDEX timestamp_idx ON messages (timestamp ASC)")
    ids = {}
    for topic, kind in TOPICS.items():
        sql = "INSERT INTO topics(name, type, serialization_format, offered_qos_profiles) VALUES (?, ?, 'cdr', '')"
        ids[topic] = db.execute(sql, (topic, kind)).lastrowid
    if wal:
        db.commit()
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    # Not in the order of time, as several publishers give it.
    for topic, stamp, data in sorted(messages(), key=lambda m: m[1] // 10_000_000 % 7):
        db.execute("INSERT INTO messages(topic_id, timestamp, data) VALUES (?, ?, ?)", (ids[topic], stamp, data))
    db.commit()
    if not wal:
        db.close()


def write_split(folder, plugin, names):
    folder.mkdir()
    if plugin == "mcap":
        for part, name in enumerate(names):
            write_mcap(folder / name, part=lambda i, part=part: i * len(names) // COUNT == part)
    listed = "".join(f"  - {name}\n" for name in names)
    (folder / "metadata.yaml").write_text(
        f"""rosbag2_bagfile_information:
  version: 5
  storage_identifier: {plugin}
  duration:
    nanoseconds: {(COUNT - 1) * 10_000_000}
  starting_time:
    nanoseconds_since_epoch: {BASE}
  message_count: {COUNT}
  topics_with_message_count: []
  compression_format: ""
  compression_mode: ""
  relative_file_paths:
{listed}"""
    )


def main():
    out = Path(sys.argv[1])
    for version in (8, 9):
        for plugin in (StoragePlugin.SQLITE3, StoragePlugin.MCAP):
            for mode in CompressionMode:
                if mode == CompressionMode.STORAGE and plugin == StoragePlugin.SQLITE3:
                    continue
                name = f"rosbags-v{version}-{plugin.name}-{mode.name}".lower()
                write_rosbags(out / name, plugin, mode, version)
    for compression in CompressionType:
        for chunked in (True, False):
            for index in ("indexed", "unindexed", "bare"):
                options = dict(compression=compression, use_chunking=chunked, chunk_size=900)
                if index != "indexed":
                    options |= dict(index_types=IndexType.NONE, use_summary_offsets=False)
                if index == "bare":
                    options |= dict(repeat_channels=False, repeat_schemas=False, use_statistics=False, enable_crcs=False)
                kind = "chunked" if chunked else "unchunked"
                write_mcap(out / f"mcap-{compression.name.lower()}-{kind}-{index}.mcap", **options)
    write_mcap(out / "mcap-no-repeat.mcap", chunk_size=900, repeat_channels=False, repeat_schemas=False)
    write_split(out / "split", "mcap", ["split_0.mcap", "split_1.mcap", "split_2.mcap"])
    write_sqlite(out / "plain.db3")
    write_sqlite(out / "no-index.db3", index=False)
    expected = [
        {"topic": t, "time": str(stamp), "sha256": hashlib.sha256(data).hexdigest()} for t, stamp, data in messages()
    ]
    print(json.dumps({"messages": expected}))
    sys.stdout.flush()
    write_sqlite(out / "wal.db3", wal=True)
    os._exit(0)  # without closing the last database: its log stays


main()
