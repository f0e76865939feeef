from . import operation_mixin, orders, transfers
