from . import operation_mixin
from . import orders
from . import transfers
