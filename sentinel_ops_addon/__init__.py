from . import models, operations, tasks
from .hooks import uninstall_hook
