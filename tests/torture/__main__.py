"""The crash test: `make torture ARGS="--rounds 1000 --seed 7"`."""

import sys
from collections import Counter
from collections.abc import Iterator, Sequence

from sentinel_env import interruption
from sentinel_env.console import busy, complain, note, say
from sentinel_env.errors import SetupError
from sentinel_env.locks import exclusive
from sentinel_env.provision import Site, provisioned

from .blows import blow
from .rounds import Result, keep, play
from .settings import Settings, parse
from .stage import Stage, open_stage

# Each database that is kept is some hundred megabytes.
_MOST_KEPT = 5


def main(arguments: Sequence[str]) -> int:
    """Play the rounds, tell about each, and return 0 only if nothing was found."""
    settings = parse(arguments)
    interruption.on_sigterm()
    say(f"== seed {settings.seed}")
    try:
        # Whatever else keeps the machine busy makes its own time limits fail, and ours.
        with provisioned() as site, exclusive(site.cache.lock("suite"), "tests"):
            return _play(site, settings)
    except SetupError as error:
        complain(f"error: {error.message}\n  {error.remedy}")
    except KeyboardInterrupt:
        complain("interrupted")
    return 1


def _play(site: Site, settings: Settings) -> int:
    with open_stage(site, settings) as stage:
        with busy("starting servers that may be killed"):
            stage.prepare_round()
        note(", ".join(f"{name} = {value}" for name, value in stage.durability().items()))
        return _tell(settings, list(_rounds(stage, settings)))


def _rounds(stage: Stage, settings: Settings) -> Iterator[Result]:
    kept = 0
    for number in range(settings.first, settings.first + settings.rounds):
        result = play(stage, blow(settings.seed, number))
        yield result
        say(
            f"{result.blow}: hit in state {result.state} after {result.done:,} of "
            f"{settings.records:,}; it ended {result.status}; {result.seconds:.1f} s; "
            f"{'FOUND' if result.findings else 'well'}"
        )
        for finding in result.findings:
            complain(f"  {finding}")
        if result.findings:
            if kept < _MOST_KEPT:
                complain(f"  kept: {keep(stage, settings.seed, result)}")
                kept += 1
            complain(
                f'  again: make torture ARGS="--seed {settings.seed} --first {number} '
                f'--rounds 1 --records {settings.records}"'
            )
            stage.forget_database()


def _tell(settings: Settings, results: list[Result]) -> int:
    bad = [result for result in results if result.findings]
    say()
    for name, counted in (
        ("victims", Counter(result.blow.victim for result in results)),
        ("moments", Counter(result.blow.moment for result in results)),
        ("state when hit", Counter(result.state for result in results)),
        ("the run ended", Counter(result.status for result in results)),
    ):
        say(f"{name}: " + ", ".join(f"{key} {count}" for key, count in counted.most_common()))
    say(
        f"{len(results)} rounds of {settings.records:,} records, seed {settings.seed}, "
        f"{sum(result.seconds for result in results):.0f} s: {len(results) - len(bad)} well, "
        f"{len(bad)} with findings"
    )
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
