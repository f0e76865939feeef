from . import models, operations, tasks, wizards
from .hooks import uninstall_hook
