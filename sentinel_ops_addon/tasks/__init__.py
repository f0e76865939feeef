from . import task_mixin

# isort: split
# The tasks inherit from the mixin, so it comes first.
from . import (
    archive_records,
    cancel_dead_transfers,
    check_records,
    clean_old_orders,
    cron_health,
    release_stuck_transfers,
    repair_loops,
)
