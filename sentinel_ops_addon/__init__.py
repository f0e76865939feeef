from . import controllers, models, operations, tasks, wizards
from .hooks import uninstall_hook
