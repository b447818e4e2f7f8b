"""Starts the perception node, configured and active, and starts it again when it ends with an error."""

from launch import LaunchDescription
from launch.actions import DeclareLaunchArgument, OpaqueFunction
from launch.substitutions import LaunchConfiguration, PathJoinSubstitution
from launch_ros.actions import LifecycleNode
from launch_ros.substitutions import FindPackageShare

PACKAGE = 'multispectral_saliency'


def perception_node(context):
    # Arguments that were given win over the parameter file; others leave alone what it says.
    optional = [name for name in ('config_file', 'use_sim_time') if LaunchConfiguration(name).perform(context) != '']
    return [
        LifecycleNode(
            package=PACKAGE,
            executable='perception_node',
            name='perception_node',
            namespace=LaunchConfiguration('namespace'),
            output='screen',
            parameters=[
                LaunchConfiguration('params_file'),
                {name: LaunchConfiguration(name) for name in [*optional, 'autostart']},
            ],
            arguments=['--ros-args', '--log-level', LaunchConfiguration('log_level')],
            # A hang or a crash in native code ends the process (exit codes 70 and 71): it cannot be mended from inside.
            respawn=True,
            respawn_delay=2.0,
        ),
    ]


def generate_launch_description():
    default_parameters = PathJoinSubstitution([FindPackageShare(PACKAGE), 'config', 'perception_node.yaml'])
    return LaunchDescription([
        DeclareLaunchArgument('namespace', default_value='', description='Namespace of the node; its camera topics are not moved unless relative.'),
        DeclareLaunchArgument('params_file', default_value=default_parameters, description='ROS parameters of the node.'),
        DeclareLaunchArgument(
            'config_file',
            default_value='',
            description='Perception configuration (YAML): bands, topics, models. Empty: what params_file says, or all four bands on camera/<band>/image_raw.',
        ),
        DeclareLaunchArgument('use_sim_time', default_value='', description='Follow /clock: true or false. Empty: what params_file says.'),
        DeclareLaunchArgument('autostart', default_value='true', description='Configure and activate without a lifecycle manager.'),
        DeclareLaunchArgument('log_level', default_value='info', description='debug, info, warn, error or fatal.'),
        OpaqueFunction(function=perception_node),
    ])
