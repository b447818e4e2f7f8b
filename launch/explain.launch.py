"""Starts the explain node beside a perception node with a frame log: ros2 launch multispectral_saliency explain.launch.py frame_log:=/data/log"""

import shutil

from launch import LaunchDescription
from launch.actions import DeclareLaunchArgument, OpaqueFunction
from launch.substitutions import LaunchConfiguration, PathJoinSubstitution
from launch_ros.actions import Node
from launch_ros.substitutions import FindPackageShare

PACKAGE = 'multispectral_saliency'
# SCHED_IDLE: the node runs when nobody else wants the processor, and goes at once when somebody wakes up. Without util-linux's chrt it has
# the lowest nice value only, which keeps a small share.
IDLE = 'chrt --idle 0' if shutil.which('chrt') else ''


def explain_node(context):
    # Given, it wins over the parameter file; else it leaves alone what that says.
    given = LaunchConfiguration('config_file').perform(context) != ''
    config_file = {'config_file': LaunchConfiguration('config_file')} if given else {}
    return [
        Node(
            package=PACKAGE,
            executable='explain_node',
            name='explain_node',
            namespace=LaunchConfiguration('namespace'),
            output='screen',
            prefix=LaunchConfiguration('prefix'),
            # Fast DDS shares locks through shared memory: held by a process that may have to wait for a processor, they would hold up others.
            additional_env={'FASTDDS_BUILTIN_TRANSPORTS': 'UDPv4'},
            parameters=[
                LaunchConfiguration('params_file'),
                {**config_file, 'frame_log.folder': LaunchConfiguration('frame_log')},
            ],
            arguments=['--ros-args', '--log-level', LaunchConfiguration('log_level')],
            # Its queue is on the disk: started again, it goes on where it was.
            respawn=True,
            respawn_delay=5.0,
        ),
    ]


def generate_launch_description():
    default_parameters = PathJoinSubstitution([FindPackageShare(PACKAGE), 'config', 'explain.yaml'])
    return LaunchDescription([
        DeclareLaunchArgument('frame_log', description='Frame log of the perception node (its parameter frame_log.folder).'),
        DeclareLaunchArgument('namespace', default_value='', description='Namespace of the node.'),
        DeclareLaunchArgument('params_file', default_value=default_parameters, description='ROS parameters of the node.'),
        DeclareLaunchArgument(
            'config_file',
            default_value='',
            description='Perception configuration (YAML), as the perception node has it. Empty: what params_file says, or all four bands.',
        ),
        DeclareLaunchArgument('prefix', default_value=IDLE, description='Put before the command; empty: the lowest nice value only.'),
        DeclareLaunchArgument('log_level', default_value='info', description='debug, info, warn, error or fatal.'),
        OpaqueFunction(function=explain_node),
    ])
