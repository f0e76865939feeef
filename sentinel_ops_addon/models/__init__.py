from . import ir_cron
from . import sentinel_chain
from . import sentinel_task
from . import sentinel_run
from . import sentinel_run_line
from . import sentinel_job
