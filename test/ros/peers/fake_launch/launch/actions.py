class Action:
    required = set()
    allowed = set()

    def __init__(self, *args, **keywords):
        unknown = set(keywords) - self.allowed - self.required
        missing = self.required - set(keywords)
        if unknown or missing:
            raise TypeError(f'{type(self).__name__}: unknown {unknown}, missing {missing}')
        self.args = args
        self.keywords = keywords


class DeclareLaunchArgument(Action):
    allowed = {'default_value', 'description', 'choices'}


class ExecuteProcess(Action):
    required = {'cmd'}
    allowed = {'output', 'name', 'cwd', 'additional_env', 'shell', 'respawn', 'respawn_delay', 'on_exit'}


class IncludeLaunchDescription(Action):
    allowed = {'launch_arguments'}


class OpaqueFunction(Action):
    required = {'function'}
    allowed = {'args', 'kwargs'}
