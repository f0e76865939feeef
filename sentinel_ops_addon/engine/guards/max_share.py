"""Cap on the share of the population that one run may act on."""

from .verdict import Verdict, stop_or_warn

NAME = "max_share"


def verdict(run):
    """Compare what is left after ``limit``, in percent of the population, with the cap."""
    cap = (run.caps or {}).get("max_share")
    if cap is None:
        return Verdict(NAME, "pass", run.env._("No cap on the share of the records."))
    numbers = {
        "selected": run.selected_count,
        "population": run.population_count,
        "share": _percent(run.selected_count, run.population_count),
        "cap": cap,
    }
    # Multiplied out: a division would round, and a population of zero has no share.
    if run.selected_count * 100 > float(cap) * run.population_count:
        return stop_or_warn(
            run,
            NAME,
            run.env._(
                "%(selected)s of %(population)s records are selected (%(share)s %%); this job may "
                "act on at most %(cap)s %% in one run. Lower the limit, or let a Sentinel manager "
                "raise the cap.",
                **numbers,
            ),
        )
    return Verdict(
        NAME,
        "pass",
        run.env._(
            "%(selected)s of %(population)s records (%(share)s %%), at most %(cap)s %%.", **numbers
        ),
    )


def _percent(part, whole):
    return f"{100 * part / whole:.1f}" if whole else "-"
