/**
 * The message definitions of vision_msgs 4 that two-dimensional detections need, fields in the order of that package:
 * CDR knows fields only by their order.
 */
export const VISION_MSGS: Readonly<Record<string, string>> = {
  'vision_msgs/msg/Detection2DArray': `std_msgs/Header header
vision_msgs/Detection2D[] detections
`,
  'vision_msgs/msg/Detection2D': `std_msgs/Header header
vision_msgs/ObjectHypothesisWithPose[] results
vision_msgs/BoundingBox2D bbox
string id
`,
  'vision_msgs/msg/ObjectHypothesisWithPose': `vision_msgs/ObjectHypothesis hypothesis
geometry_msgs/PoseWithCovariance pose
`,
  'vision_msgs/msg/ObjectHypothesis': `string class_id
float64 score
`,
  'vision_msgs/msg/BoundingBox2D': `vision_msgs/Pose2D center
float64 size_x
float64 size_y
`,
  'vision_msgs/msg/Pose2D': `vision_msgs/Point2D position
float64 theta
`,
  'vision_msgs/msg/Point2D': `float64 x
float64 y
`,
};

/** Type hash of `vision_msgs/msg/Detection2DArray` as ROS 2 computes it (REP 2016). */
export const DETECTION_2D_ARRAY_HASH = 'RIHS01_214274120007f4a683866481336b70310268cfa107aebe9d594a6acf75bda968';
