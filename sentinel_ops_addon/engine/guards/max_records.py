"""Cap on the number of records one run may act on."""

from .verdict import Verdict, stop_or_warn

NAME = "max_records"


def verdict(run):
    """Compare what is left after ``limit`` with the cap; a cap of zero allows nothing."""
    cap = (run.caps or {}).get("max_records")
    if cap is None:
        return Verdict(NAME, "pass", run.env._("No cap on the number of records."))
    if run.selected_count > cap:
        return stop_or_warn(
            run,
            NAME,
            run.env._(
                "%(selected)s records are selected; this job may act on at most %(cap)s in one "
                "run. Lower the limit, or let a Sentinel manager raise the cap.",
                selected=run.selected_count,
                cap=cap,
            ),
        )
    return Verdict(
        NAME,
        "pass",
        run.env._("%(selected)s of at most %(cap)s records.", selected=run.selected_count, cap=cap),
    )
