"""
Stands in for ROS's launch packages, which are not among the wheels: records what a launch file describes, refuses keywords that the real
ones do not have.
"""


class LaunchDescription:
    def __init__(self, entities):
        self.entities = entities
