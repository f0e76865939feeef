from datetime import datetime, timedelta

from odoo.tests.common import BaseCase

from ..engine.due import expected_at

START = datetime(2026, 1, 1)


class Moment(datetime):
    """A moment that counts how often something is taken from it or from what that gave."""

    steps = 0

    def __sub__(self, other):
        Moment.steps += 1
        return super().__sub__(other)


class TestDue(BaseCase):
    """The moment that a schedule owes a run for."""

    def due(self, nextcall, unit="days", number=1, since=START, covered=None):
        return expected_at(nextcall, unit, number, since=since, covered=covered)

    def test_without_a_run_it_is_the_next_call(self):
        for moment in (datetime(2026, 1, 1, 3), datetime(2025, 12, 31)):
            self.assertEqual(self.due(moment), moment)

    def test_after_a_run_it_is_the_next_call(self):
        run = datetime(2026, 3, 5, 3, 0, 7)
        self.assertEqual(self.due(datetime(2026, 3, 6, 3), covered=run), datetime(2026, 3, 6, 3))

    def test_a_run_whose_next_call_is_not_put_down_yet(self):
        self.assertEqual(
            self.due(datetime(2026, 3, 5, 3), covered=datetime(2026, 3, 5, 3, 0, 7)),
            datetime(2026, 3, 6, 3),
        )
        # After a night without a server, one run stands for all the moments that passed.
        self.assertEqual(
            self.due(datetime(2026, 3, 5, 3), "minutes", 20, covered=datetime(2026, 3, 5, 9, 1)),
            datetime(2026, 3, 5, 9, 20),
        )
        self.assertEqual(
            self.due(datetime(2026, 1, 31), "months", covered=datetime(2026, 6, 2)),
            datetime(2026, 6, 28),
        )

    def test_a_moment_that_was_passed_over_is_still_owed(self):
        """Odoo moves the next call on when the action fails, too."""
        run = datetime(2026, 3, 5, 3, 0, 7)
        for failed in (1, 2, 5):
            nextcall = datetime(2026, 3, 6, 3) + timedelta(days=failed)
            self.assertEqual(self.due(nextcall, covered=run), datetime(2026, 3, 6, 3))

    def test_before_an_edit_nothing_is_owed(self):
        edited = datetime(2026, 3, 8, 12)
        moment = self.due(datetime(2026, 3, 12, 3), since=edited, covered=datetime(2026, 3, 5))
        self.assertEqual(moment, datetime(2026, 3, 9, 3))
        # Set to a time that is over: that is what people asked for.
        self.assertEqual(self.due(datetime(2026, 3, 1), since=edited), datetime(2026, 3, 1))

    def test_an_hour_of_summer_time_owes_nothing(self):
        run = datetime(2026, 10, 24, 1, 0, 3)
        for hour in (0, 2):
            moment = datetime(2026, 10, 25, hour)
            self.assertEqual(self.due(moment, covered=run), moment)

    def test_months_of_any_length(self):
        run = datetime(2014, 2, 1, 0, 0, 5)
        self.assertEqual(
            self.due(datetime(2026, 2, 1), "months", since=datetime(2014, 1, 1), covered=run),
            datetime(2014, 3, 1),
        )

    def test_ten_years_of_minutes_take_no_time(self):
        nextcall = Moment(2036, 1, 1)
        self.assertEqual(self.due(nextcall, "minutes"), START + timedelta(minutes=1))
        self.assertLess(nextcall.steps, 10)
