from . import models, operations, tasks, wizards
