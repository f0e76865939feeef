"""Can the settings be used, and where did each come from?"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from auditor.doctor.finding import Finding, ok
from auditor.doctor.subject import Subject


def check(subject: Subject) -> Iterator[Finding]:
    """Read them; the values of secrets are left out."""
    from auditor.origins import DEFAULT, origins, shown

    settings = subject.load()
    found = origins(settings, subject.arguments.keys())
    settings.connection()  # says which ones are missing
    given: dict[str, list[str]] = defaultdict(list)
    for name, source in found.items():
        if source != DEFAULT:
            given[source].append(f"{name.upper()}={shown(settings, name)}")
    yield ok(
        "; ".join(f"from {source}: {', '.join(told)}" for source, told in given.items()) + ".",
        settings={
            name.upper(): {"value": shown(settings, name), "source": source}
            for name, source in found.items()
        },
    )
