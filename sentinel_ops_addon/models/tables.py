"""Small tables for the run's form: figures and guards, readable without colour."""

from markupsafe import Markup

_BADGES = {
    "pass": "text-bg-success",
    "warn": "text-bg-warning",
    "fail": "text-bg-danger",
    "stop": "text-bg-danger",
    "wait": "text-bg-info",
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
        "wait": env._("Needs somebody's consent"),
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


def footprint(env, rows):
    """A row for each table that a simulation wrote to: how often it tried."""
    if not rows:
        return False
    return _with_head(
        [env._("Table"), env._("Inserted"), env._("Updated"), env._("Deleted")],
        [
            (
                row["name"] or row["table"],
                row["table"] if row["name"] else "",
                [row["inserted"], row["updated"], row["deleted"]],
                "",
            )
            for row in rows
        ],
    )


def side_effects(env, entries):
    """A row for each model with other records that a simulation left different."""
    if not entries:
        return False
    labels = {
        "created": env._("new"),
        "changed": env._("changed"),
        "deleted": env._("deleted"),
    }
    return _with_head(
        [env._("Records of"), env._("New"), env._("Changed"), env._("Deleted"), ""],
        [
            (
                entry["name"] or entry["model"],
                entry["model"],
                [entry["created"], entry["changed"], entry["deleted"]],
                ", ".join(
                    [
                        f"{example['name'] or example['id']} ({labels[example['what']]})"
                        for example in entry["examples"]
                    ]
                    + ([] if entry["complete"] else [env._("and more that were not counted")])
                ),
            )
            for entry in entries
        ],
    )


def _with_head(titles, rows):
    head = Markup("<tr>%s</tr>") % Markup("").join(
        Markup("<th%s>%s</th>") % (Markup(" class='text-end'") if 0 < number < 4 else "", title)
        for number, title in enumerate(titles)
    )
    row = Markup("<tr><td>%s <span class='text-muted'>%s</span></td>%s<td>%s</td></tr>")
    number = Markup("<td class='text-end'>%s</td>")
    return _TABLE % (
        head
        + Markup("").join(
            row % (name, detail, Markup("").join(number % n for n in numbers), text)
            for name, detail, numbers, text in rows
        )
    )


def _badge(verdict, labels):
    if not verdict:
        return ""
    return Markup("<span class='badge %s'>%s</span>") % (
        _BADGES.get(verdict, "text-bg-secondary"),
        labels.get(verdict, verdict),
    )
