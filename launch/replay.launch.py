"""Plays a bag into the perception node, on the bag's clock: ros2 launch multispectral_saliency replay.launch.py bag:=/data/drive"""

from launch import LaunchDescription
from launch.actions import DeclareLaunchArgument, ExecuteProcess, IncludeLaunchDescription
from launch.substitutions import LaunchConfiguration, PathJoinSubstitution
from launch_ros.substitutions import FindPackageShare

PACKAGE = 'multispectral_saliency'


def generate_launch_description():
    perception = PathJoinSubstitution([FindPackageShare(PACKAGE), 'launch', 'perception.launch.py'])
    return LaunchDescription([
        DeclareLaunchArgument('bag', description='Folder of the recording.'),
        DeclareLaunchArgument('rate', default_value='1.0', description='Speed; 1 is real time.'),
        DeclareLaunchArgument('config_file', default_value='', description='Perception configuration (YAML).'),
        IncludeLaunchDescription(
            perception,
            launch_arguments={'use_sim_time': 'true', 'config_file': LaunchConfiguration('config_file')}.items(),
        ),
        # The models take a moment to load; what is played before is lost.
        ExecuteProcess(
            cmd=['ros2', 'bag', 'play', LaunchConfiguration('bag'), '--clock', '--delay', '5', '--rate', LaunchConfiguration('rate')],
            output='screen',
        ),
    ])
