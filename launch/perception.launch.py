"""Starts the perception node, configured and active, and starts it again when it ends with an error."""

from launch import LaunchDescription
from launch.actions import DeclareLaunchArgument
from launch.substitutions import LaunchConfiguration, PathJoinSubstitution
from launch_ros.actions import LifecycleNode
from launch_ros.substitutions import FindPackageShare

PACKAGE = 'multispectral_saliency'


def generate_launch_description():
    default_parameters = PathJoinSubstitution([FindPackageShare(PACKAGE), 'config', 'perception_node.yaml'])
    return LaunchDescription([
        DeclareLaunchArgument('namespace', default_value='', description='Namespace of the node; its camera topics are not moved unless relative.'),
        DeclareLaunchArgument('params_file', default_value=default_parameters, description='ROS parameters of the node.'),
        DeclareLaunchArgument(
            'config_file',
            default_value='',
            description='Perception configuration (YAML): bands, topics, models. Empty: all four bands on camera/<band>/image_raw.',
        ),
        DeclareLaunchArgument('use_sim_time', default_value='false', description='Follow /clock.'),
        DeclareLaunchArgument('autostart', default_value='true', description='Configure and activate without a lifecycle manager.'),
        DeclareLaunchArgument('log_level', default_value='info', description='debug, info, warn, error or fatal.'),
        LifecycleNode(
            package=PACKAGE,
            executable='perception_node',
            name='perception_node',
            namespace=LaunchConfiguration('namespace'),
            output='screen',
            parameters=[
                LaunchConfiguration('params_file'),
                {
                    'config_file': LaunchConfiguration('config_file'),
                    'use_sim_time': LaunchConfiguration('use_sim_time'),
                    'autostart': LaunchConfiguration('autostart'),
                },
            ],
            arguments=['--ros-args', '--log-level', LaunchConfiguration('log_level')],
            # A hang or a crash in native code ends the process (exit codes 70 and 71): it cannot be mended from inside.
            respawn=True,
            respawn_delay=2.0,
        ),
    ])
