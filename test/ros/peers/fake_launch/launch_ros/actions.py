from launch.actions import Action


class Node(Action):
    required = {'executable'}
    allowed = {
        'package', 'name', 'namespace', 'exec_name', 'parameters', 'remappings', 'ros_arguments', 'arguments', 'output',
        'respawn', 'respawn_delay', 'prefix', 'on_exit', 'additional_env',
    }


class LifecycleNode(Node):
    required = {'executable', 'name', 'namespace'}
