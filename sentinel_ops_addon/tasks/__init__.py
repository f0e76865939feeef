from . import task_mixin

# isort: split
# The tasks inherit from the mixin, so it comes first.
from . import check_records
from . import clean_old_orders
from . import cron_health
from . import release_stuck_transfers
