"""The watermark never acknowledges past what is not done, and everything in the end."""

import hypothesis.strategies as st
from hypothesis import given
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from streams.watermark import Watermark


def test_what_is_done_out_of_order_waits_for_what_came_before():
    mark = Watermark()
    assert mark.position is None
    assert [mark.take(offset) for offset in (5, 6, 9)] == [True, True, True]
    assert (mark.done(6), mark.position) == ([], 5)
    assert (mark.done(5), mark.position) == ([5, 6], 9)
    assert (mark.done(9), mark.position) == ([9], 10)


def test_a_message_that_comes_twice_is_taken_once():
    mark = Watermark()
    assert [mark.take(offset) for offset in (5, 5, 4, 6)] == [True, False, False, True]
    assert mark.done(5) == [5]
    assert not mark.take(5)


class Any(RuleBasedStateMachine):
    """Any order of taking and finishing, against a model that remembers everything."""

    def __init__(self) -> None:
        super().__init__()
        self.mark = Watermark()
        self.next = 0
        self.taken: list[int] = []
        self.open: list[int] = []
        self.acknowledged: list[int] = []

    @rule(gap=st.integers(0, 3))
    def take(self, gap):
        offset = self.next + gap
        assert self.mark.take(offset)
        self.next = offset + 1
        self.taken.append(offset)
        self.open.append(offset)

    @precondition(lambda self: self.taken)
    @rule(data=st.data())
    def take_again(self, data):
        assert not self.mark.take(data.draw(st.sampled_from(self.taken)))

    @precondition(lambda self: self.open)
    @rule(data=st.data())
    def done(self, data):
        offset = data.draw(st.sampled_from(self.open))
        self.open.remove(offset)
        self.acknowledged += self.mark.done(offset)

    @invariant()
    def acknowledges_exactly_what_lies_before_the_first_open_one(self):
        first = self.open[0] if self.open else self.next
        assert self.acknowledged == [offset for offset in self.taken if offset < first]
        assert len(self.mark) == len(self.taken) - len(self.acknowledged)
        assert self.mark.position == (first if self.taken else None)

    def teardown(self):
        for offset in reversed(self.open):
            self.acknowledged += self.mark.done(offset)
        assert self.acknowledged == self.taken


TestAnyOrder = Any.TestCase


@given(st.permutations(range(40)))
def test_everything_is_acknowledged_in_order_whatever_is_done_first(order):
    mark = Watermark()
    for offset in range(40):
        mark.take(offset)
    assert [ready for offset in order for ready in mark.done(offset)] == list(range(40))
