"""
Runs a launch file with the real launch_ros, as `ros2 launch` does: run_launch.py FILE [NAME:=VALUE]... . Reports at once whether there is
one: it is not among the wheels.
"""

import sys

from plain import report

try:
    import launch_ros.actions  # noqa: F401
    from launch import LaunchDescription, LaunchService
    from launch.actions import IncludeLaunchDescription
    from launch.launch_description_sources import PythonLaunchDescriptionSource
except ImportError as error:
    report(real=False, why=str(error))
    sys.exit()

report(real=True)
sys.stdout.flush()
service = LaunchService()
given = [tuple(argument.split(':=', 1)) for argument in sys.argv[2:]]
source = PythonLaunchDescriptionSource(sys.argv[1])
service.include_launch_description(LaunchDescription([IncludeLaunchDescription(source, launch_arguments=given)]))
sys.exit(service.run())
