"""Reports what rclpy nodes started by given command lines take for their parameters: parameters.py CASES (JSON: [{node, args}, …])."""

import json
import sys

import rclpy
from rclpy.context import Context
from rclpy.node import Node

from plain import report

for case in json.load(open(sys.argv[1])):
    context = Context()
    try:
        rclpy.init(args=case['args'], context=context)
    except Exception as error:  # what rcl refuses
        report(refused=str(error))
        continue
    node = Node(
        case['node'],
        context=context,
        enable_rosout=False,
        start_parameter_services=False,
        allow_undeclared_parameters=True,
        automatically_declare_parameters_from_overrides=True,
    )
    values = {
        name: [parameter.type_.value, parameter.value]
        for name, parameter in node._parameters.items()
        if name not in ('use_sim_time', 'start_type_description_service')
    }
    report(name=node.get_fully_qualified_name(), values=values)
    node.destroy_node()
    context.shutdown()
