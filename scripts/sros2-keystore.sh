#!/usr/bin/env bash
# Makes the keys and permissions of the two nodes with ROS's own tool (ros2 security, package ros-<distro>-sros2), from config/sros2/policy.xml.
set -eu
usage() {
  cat <<'TEXT'
Usage: scripts/sros2-keystore.sh KEYSTORE [POLICY]

  KEYSTORE  folder for keys and permissions; made where it is not there, added to where it is
  POLICY    what the nodes may do (config/sros2/policy.xml of this package)

Example:
  scripts/sros2-keystore.sh ~/keystore
  export ROS_SECURITY_KEYSTORE=~/keystore ROS_SECURITY_ENABLE=true ROS_SECURITY_STRATEGY=Enforce
  ros2 run multispectral_saliency perception_node --ros-args --enclave /perception_node

Exit code: 0 made; 2 wrong arguments; 6 no usable ROS 2 or no sros2.
TEXT
}
case "${1:-}" in
  -h | --help) usage; exit 0 ;;
  '' | -*) usage >&2; exit 2 ;;
esac
keystore=$1
policy=${2:-$(cd "$(dirname "$0")/.." && pwd)/config/sros2/policy.xml}
[ -r "$policy" ] || { echo "sros2-keystore: $policy cannot be read: name a policy" >&2; exit 2; }
if ! command -v ros2 > /dev/null || ! ros2 security --help > /dev/null 2>&1; then
  echo 'sros2-keystore: there is no "ros2 security": source ROS 2 and install its package (apt install ros-$ROS_DISTRO-sros2)' >&2
  exit 6
fi
[ -d "$keystore/enclaves" ] || ros2 security create_keystore "$keystore"
for enclave in /perception_node /explain_node; do
  [ -d "$keystore/enclaves$enclave" ] || ros2 security create_enclave "$keystore" "$enclave"
  ros2 security create_permission "$keystore" "$enclave" "$policy"
done
echo "The nodes' keys and permissions are in $keystore."
