// Sends back every ExplainedDetections that it gets; see echo.py.
import rclnodejs from 'rclnodejs';

const TYPE = 'multispectral_saliency/msg/ExplainedDetections';

await rclnodejs.init();
const node = rclnodejs.createNode('echo');
const publisher = node.createPublisher(TYPE, 'back');
node.createSubscription(TYPE, 'there', (message) => publisher.publish(message));
node.spin();
