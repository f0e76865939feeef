from . import operations, tasks
