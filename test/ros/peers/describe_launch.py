"""
Reports what a launch file describes: arguments, nodes, included files, processes, and the launch configurations that it uses:
describe_launch.py FILE [NAME:=VALUE]... . Functions in it are called with the arguments given, the others at their defaults.
"""

import importlib.util
import pathlib
import sys

here = pathlib.Path(__file__).parent
try:
    import launch_ros.actions  # noqa: F401  the real one, where there is a full ROS
    real = True
except ImportError:
    sys.path.insert(0, str(here / 'fake_launch'))
    real = False

from plain import report  # noqa: E402

spec = importlib.util.spec_from_file_location('launch_file', sys.argv[1])
module = importlib.util.module_from_spec(spec)
spec.loader.exec_module(module)
description = module.generate_launch_description()

if real:
    report(real=True, arguments=[argument.name for argument in description.get_launch_arguments()])
    sys.exit()


def text(value, used):
    """A substitution as text: $(var x), $(share package)/…"""
    if isinstance(value, (list, tuple)):
        return [text(item, used) for item in value]
    if isinstance(value, dict):
        return {name: text(item, used) for name, item in value.items()}
    kind = type(value).__name__
    if kind == 'LaunchConfiguration':
        used.add(value.name)
        return f'$(var {value.name})'
    if kind == 'FindPackageShare':
        return f'$(share {value.package})'
    if kind == 'PathJoinSubstitution':
        return '/'.join(text(part, used) for part in value.parts)
    return value


def described(entity, context):
    if type(entity).__name__ != 'OpaqueFunction':
        return [entity]
    return entity.keywords['function'](context)


used = set()
context = {entity.args[0]: entity.keywords.get('default_value', '') for entity in description.entities if type(entity).__name__ == 'DeclareLaunchArgument'}
context.update(argument.split(':=', 1) for argument in sys.argv[2:])
entities = []
for entity in [part for entity in description.entities for part in described(entity, context)]:
    keywords = {name: text(dict(value) if type(value).__name__ == 'dict_items' else value, used) for name, value in entity.keywords.items()}
    entities.append({'kind': type(entity).__name__, 'args': text(entity.args, used), 'keywords': keywords})
report(real=False, entities=entities, used=sorted(used))
