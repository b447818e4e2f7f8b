"""Plays a bag into the perception node, on the bag's clock: ros2 launch multispectral_saliency replay.launch.py bag:=/data/drive"""

from launch import LaunchDescription
from launch.actions import DeclareLaunchArgument, IncludeLaunchDescription
from launch.substitutions import LaunchConfiguration, PathJoinSubstitution
from launch_ros.actions import Node
from launch_ros.substitutions import FindPackageShare

PACKAGE = 'multispectral_saliency'


def generate_launch_description():
    perception = PathJoinSubstitution([FindPackageShare(PACKAGE), 'launch', 'perception.launch.py'])
    return LaunchDescription([
        DeclareLaunchArgument('bag', description='Recording: a bag folder, or a bare .mcap or .db3 file.'),
        DeclareLaunchArgument('rate', default_value='1.0', description='Speed; 1 is real time.'),
        DeclareLaunchArgument('loop', default_value='false', description='Start again at the end of the recording.'),
        DeclareLaunchArgument('start_offset', default_value='0.0', description='Seconds to leave out at the beginning.'),
        DeclareLaunchArgument('namespace', default_value='', description='Namespace of both nodes; recorded topics keep their names.'),
        DeclareLaunchArgument('config_file', default_value='', description='Perception configuration (YAML).'),
        IncludeLaunchDescription(
            perception,
            launch_arguments={
                'use_sim_time': 'true',
                'namespace': LaunchConfiguration('namespace'),
                'config_file': LaunchConfiguration('config_file'),
            }.items(),
        ),
        # This package's own player, not `ros2 bag play`: it begins when the models are loaded, and plays damaged recordings too.
        Node(
            package=PACKAGE,
            executable='play_node',
            name='play_node',
            namespace=LaunchConfiguration('namespace'),
            output='screen',
            arguments=[
                LaunchConfiguration('bag'),
                '--rate', LaunchConfiguration('rate'),
                '--loop', LaunchConfiguration('loop'),
                '--start-offset', LaunchConfiguration('start_offset'),
                '--clock',
                '--wait-for', 'perception_node',
            ],
        ),
    ])
