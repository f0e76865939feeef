"""Records that were kept out of the selection: excluded, or tried too often."""

from .verdict import Verdict

NAME = "withheld"


def verdict(run):
    """Say how many records were kept out; it never stops a run, it already shaped it."""
    if not run.withheld_count:
        return Verdict(NAME, "pass", run.env._("No record is excluded or waits after attempts."))
    return Verdict(
        NAME,
        "pass",
        run.env._(
            "%(count)s records were kept out: excluded, announced for later, or tried "
            "before without success. Their lines say why.",
            count=run.withheld_count,
        ),
    )
