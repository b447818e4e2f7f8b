import assert from 'node:assert/strict';
import { rosScripts, startPeer, testEnvironment } from './ros.js';

describe('the ROS messages', () => {
  it('are vision_msgs 4 on the wire: the type hashes equal the real ones', async () => {
    const { typeHash, VISION_MSGS_HASHES } = await rosScripts();
    const prefixes = (testEnvironment().AMENT_PREFIX_PATH ?? '').split(':');
    for (const [message, hash] of Object.entries(VISION_MSGS_HASHES)) {
      assert.equal(typeHash(prefixes, 'vision_msgs', message), hash, message);
    }
  });

  it('go from rclpy to rclnodejs and back unchanged', async () => {
    const peer = startPeer<{ echo: unknown; sent: unknown }>('echo.py');
    try {
      const { echo, sent } = await peer.report(() => true);
      assert.deepEqual(echo, sent);
    } finally {
      await peer.stop();
    }
  });
});
