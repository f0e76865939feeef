"""Small tables for the run's form: figures and guards, readable without colour."""

from markupsafe import Markup

_BADGES = {
    "pass": "text-bg-success",
    "warn": "text-bg-warning",
    "fail": "text-bg-danger",
    "stop": "text-bg-danger",
    "error": "text-bg-danger",
}
_TABLE = Markup('<table class="table table-sm o_sentinel_table"><tbody>%s</tbody></table>')


def kpis(measures, verdict_labels):
    """A row for each figure: label, value with unit, verdict as a word."""
    if not measures:
        return False
    row = Markup(
        "<tr><th>%(label)s</th><td class='text-end'>%(value)s</td><td>%(unit)s</td>"
        "<td>%(verdict)s</td><td class='text-muted'>%(detail)s</td></tr>"
    )
    return _TABLE % Markup("").join(
        row
        % {
            "label": measure["label"],
            "value": measure["value"],
            "unit": measure["unit"],
            "verdict": _badge(measure["verdict"], verdict_labels),
            "detail": measure.get("detail") or "",
        }
        for measure in measures
    )


def guards(env, verdicts):
    """A row for each guard: its name, what it says, and the numbers."""
    if not verdicts:
        return False
    labels = {
        "pass": env._("Pass"),
        "warn": env._("Live would stop here"),
        "stop": env._("Stopped the run"),
    }
    row = Markup("<tr><th>%(guard)s</th><td>%(verdict)s</td><td>%(message)s</td></tr>")
    return _TABLE % Markup("").join(
        row
        % {
            "guard": verdict["guard"],
            "verdict": _badge(verdict["verdict"], labels),
            "message": verdict["message"],
        }
        for verdict in verdicts
    )


def _badge(verdict, labels):
    if not verdict:
        return ""
    return Markup("<span class='badge %s'>%s</span>") % (
        _BADGES.get(verdict, "text-bg-secondary"),
        labels.get(verdict, verdict),
    )
