from . import (
    ir_attachment,
    ir_cron,
    sentinel_chain,
    sentinel_job,
    sentinel_run,
    sentinel_run_line,
    sentinel_task,
    sentinel_tripwire,
)
