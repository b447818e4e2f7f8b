"""What a node offers and uses, as the graph tells it: graph.py NODE. One JSON line, once the node's /diagnostics was heard."""

import sys
import time

import rclpy
from diagnostic_msgs.msg import DiagnosticArray
from plain import report
from rclpy.action import get_action_client_names_and_types_by_node, get_action_server_names_and_types_by_node

name = sys.argv[1]
rclpy.init()
node = rclpy.create_node('graph')
heard = []
node.create_subscription(DiagnosticArray, '/diagnostics', heard.append, 10)
until = time.monotonic() + 240
while not heard and time.monotonic() < until:
    rclpy.spin_once(node, timeout_sec=0.1)


def names(found):
    return sorted(one for one, _ in found if '/_action/' not in one)


report(
    publish=names(node.get_publisher_names_and_types_by_node(name, '/')),
    subscribe=names(node.get_subscriber_names_and_types_by_node(name, '/')),
    reply=names(node.get_service_names_and_types_by_node(name, '/')),
    request=names(node.get_client_names_and_types_by_node(name, '/')),
    execute=names(get_action_server_names_and_types_by_node(node, name, '/')),
    call=names(get_action_client_names_and_types_by_node(node, name, '/')),
)
