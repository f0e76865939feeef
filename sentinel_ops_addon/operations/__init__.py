from . import operation_mixin

# isort: split
# The operations inherit from the mixin, so it comes first.
from . import orders, records, transfers
