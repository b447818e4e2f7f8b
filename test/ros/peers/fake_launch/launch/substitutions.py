class LaunchConfiguration:
    def __init__(self, name, default=None):
        self.name = name

    def perform(self, context):
        return context[self.name]


class PathJoinSubstitution:
    def __init__(self, parts):
        self.parts = parts
