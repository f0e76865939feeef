from . import models, operations, tasks
