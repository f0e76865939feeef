from . import operations
from . import tasks
