"""A live run may be killed at any moment: no change without its line, no line without its change.

Six rounds of `make torture`, in which each victim and each moment has its turn.
"""

from collections.abc import Iterator

import pytest

from tests.support.workshop import Workshop

from .blows import MOMENTS, VICTIMS, blow
from .evidence import compare, look
from .rounds import keep, play
from .settings import Settings, parse
from .stage import Stage, open_stage

SETTINGS = Settings(seed=19, rounds=len(VICTIMS), records=500)


@pytest.fixture(scope="module")
def stage(workshop: Workshop) -> Iterator[Stage]:
    """Servers that may be killed."""
    with open_stage(workshop.site, SETTINGS) as opened:
        yield opened


@pytest.mark.odoo
@pytest.mark.slow
@pytest.mark.parametrize(
    "number",
    range(1, SETTINGS.rounds + 1),
    ids=lambda number: str(blow(SETTINGS.seed, number)).replace(" ", "_"),
)
def test_round(stage: Stage, number: int) -> None:
    result = play(stage, blow(SETTINGS.seed, number))
    print(result)
    if result.findings:
        found = "\n".join(map(str, result.findings))
        folder = keep(stage, SETTINGS.seed, result)
        stage.forget_database()
        pytest.fail(f"{result.blow}, seed {SETTINGS.seed}:\n{found}\nkept: {folder}")


@pytest.mark.odoo
@pytest.mark.slow
def test_postgresql_is_as_careful_as_it_is_shipped(stage: Stage) -> None:
    stage.postgres.start()
    assert stage.durability() == {
        "fsync": "on",
        "full_page_writes": "on",
        "synchronous_commit": "on",
    }


_ONE_ORDER = "(SELECT min(id) FROM sale_order WHERE client_order_ref = 'rehearsal')"
_ITS_LINE = f"outcome = 'done' AND model = 'sale.order' AND record_ref = {_ONE_ORDER}"
_LIVE = "(SELECT max(id) FROM sentinel_run WHERE mode = 'live')"
# What is sealed cannot be changed otherwise; goes with the transaction.
_WITHOUT_FENCES = "".join(
    f"ALTER TABLE {table} DISABLE TRIGGER USER;"
    for table in ("sentinel_run", "sentinel_run_line", "sentinel_chain_entry")
)
_SABOTAGE = {
    "changed, but not exactly one done line": f"DELETE FROM sentinel_run_line WHERE {_ITS_LINE}",
    "a done line without its change": (
        f"UPDATE sale_order SET state = 'draft' WHERE id = {_ONE_ORDER}"
    ),
    "before is not what it was": (
        f"UPDATE sentinel_run_line SET before = before || '{{\"user_id\": 0}}' WHERE {_ITS_LINE}"
    ),
    "after is not what it is": (
        f"UPDATE sale_order SET amount_total = amount_total + 0.01 WHERE id = {_ONE_ORDER}"
    ),
    "changed in part": (
        f"UPDATE sale_order_line SET state = 'draft' WHERE order_id = {_ONE_ORDER}"
    ),
    "the chatter does not tell of the change, or of one that was not": (
        f"DELETE FROM mail_message WHERE model = 'sale.order' AND res_id = {_ONE_ORDER}"
    ),
    "a live run's progress is not the number of its lines": (
        f"UPDATE sentinel_run SET state = 'running', progress_done = 1 WHERE id = {_LIVE}"
    ),
    "two lines about one record in one run": (
        f"UPDATE sentinel_run_line SET record_ref = record_ref + 1 WHERE {_ITS_LINE}"
    ),
    "the chain has a gap": "UPDATE sentinel_chain_entry SET position = 0 WHERE position = 2",
    "the chain's end is not its last place": "UPDATE sentinel_chain SET position = position + 1",
    "ended without a place in the chain, or has one without having ended": (
        f"UPDATE sentinel_run SET state = 'sealing' WHERE id = {_LIVE}"
    ),
    "left over": f"UPDATE sale_order SET state = 'sent' WHERE id = {_ONE_ORDER}",
    "a run has not ended": f"UPDATE sentinel_run SET state = 'running' WHERE id = {_LIVE}",
    "a run ended otherwise than well or interrupted": (
        f"UPDATE sentinel_run SET final_status = 'failure' WHERE id = {_LIVE}"
    ),
    "a run's figures are not those of its lines": (
        f"UPDATE sentinel_run SET outcomes = '{{\"done\": 1}}' WHERE id = {_LIVE}"
    ),
    "a planned record without its line, or a line that nobody planned": (
        f"UPDATE sentinel_run_line SET position = 999999 WHERE {_ITS_LINE}"
    ),
    "a scheduled action is not active any more": "UPDATE ir_cron SET active = false",
}


@pytest.mark.odoo
@pytest.mark.slow
@pytest.mark.parametrize("what", _SABOTAGE)
def test_what_must_not_be_is_found(stage: Stage, what: str) -> None:
    stage.prepare_round()
    with stage.cursor() as cr:
        assert look(cr, "rehearsal", stage.crons, ended=True) == []
        cr.execute("BEGIN")
        cr.execute(_WITHOUT_FENCES + _SABOTAGE[what])
        found = compare(cr, "rehearsal", stage.crons, ended=True)
        cr.execute("ROLLBACK")
    assert what in [finding.what for finding in found]


def test_a_blow_depends_on_seed_and_number_only() -> None:
    assert blow(7, 12) == blow(7, 12)
    assert blow(7, 12) != blow(8, 12)
    assert blow(7, 12).share != blow(7, 13).share


@pytest.mark.parametrize("seed", range(5))
def test_every_victim_and_every_moment_has_its_turn(seed: int) -> None:
    blows = [blow(seed, number) for number in range(1, 31)]
    assert {one.victim for one in blows[: len(VICTIMS)]} == set(VICTIMS)
    assert {one.moment for one in blows[: len(MOMENTS)]} == set(MOMENTS)
    assert len({(one.victim, one.moment) for one in blows}) == 30


def test_without_a_seed_one_is_drawn_and_can_be_given_again() -> None:
    drawn = parse(["--rounds", "3"])
    assert parse(["--rounds", "3", "--seed", str(drawn.seed)]) == drawn


@pytest.mark.parametrize("wrong", [["--rounds", "0"], ["--seed", "x"], ["--records", "-1"]])
def test_wrong_numbers_are_refused(wrong: list[str]) -> None:
    with pytest.raises(SystemExit):
        parse(wrong)
