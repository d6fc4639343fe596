"""Tokens and sessions, by an injected clock."""

import pytest

from search_api.tokens import SESSION_S, Tokens


class Clock:
    """Tells the time it is set to."""

    def __init__(self) -> None:
        self.now = 1_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


def test_each_token_has_a_holder_of_its_own_and_nothing_else_has_one():
    tokens = Tokens(["first", "second", "ünï"])
    holders = {tokens.holder(token) for token in ("first", "second", "ünï")}
    assert len(holders - {None}) == 3
    for wrong in ("", "first ", "First", "firs", "first,second", "\udcff"):
        assert tokens.holder(wrong) is None


def test_no_token_is_kept_as_it_is():
    tokens = Tokens(["hunter2"])
    assert "hunter2" not in repr(vars(tokens))


def test_without_tokens_nobody_holds_one():
    tokens = Tokens([])
    assert not tokens
    assert tokens.holder("") is None
    assert tokens.in_session("") is None


def test_a_session_is_its_holders_until_it_ends(clock):
    tokens = Tokens(["first", "second"], clock)
    session = tokens.session(tokens.holder("second"))
    assert tokens.in_session(session) == tokens.holder("second")
    clock.now += SESSION_S - 1
    assert tokens.in_session(session) == tokens.holder("second")
    clock.now += 1
    assert tokens.in_session(session) is None


def test_another_process_with_the_token_knows_the_session_and_one_without_does_not(clock):
    first = Tokens(["a"], clock)
    session = first.session(first.holder("a"))
    assert Tokens(["b", "a"], clock).in_session(session) == first.holder("a")
    assert Tokens(["b"], clock).in_session(session) is None


def test_a_session_shows_nothing_of_its_token(clock):
    tokens = Tokens(["hunter2"], clock)
    session = tokens.session(tokens.holder("hunter2"))
    assert "hunter2" not in session
    assert tokens.holder("hunter2").hex() not in session


def test_a_session_that_was_changed_is_none(clock):
    tokens = Tokens(["a"], clock)
    expiry, _, signature = tokens.session(tokens.holder("a")).partition(".")
    for forged in (
        f"{int(expiry) + 1}.{signature}",
        f"0{expiry}.{signature}",
        f"+{expiry}.{signature}",
        f"{expiry}.{signature[:-1]}",
        f"{expiry}.",
        f".{signature}",
        f"{expiry}.é",
        "9" * 400,
        f"{'9' * 19}.{signature}",
        f"²{expiry}.{signature}",
        "",
        ".",
    ):
        assert tokens.in_session(forged) is None, forged
