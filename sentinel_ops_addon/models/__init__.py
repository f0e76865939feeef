from . import (
    ir_cron,
    sentinel_chain,
    sentinel_job,
    sentinel_repair_loop,
    sentinel_run,
    sentinel_run_follow_up,
    sentinel_run_line,
    sentinel_task,
)
