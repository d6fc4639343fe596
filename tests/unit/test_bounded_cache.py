"""A cache that forgets what was not asked for the longest."""

from search_api.caches import BoundedCache


def test_the_longest_unused_makes_room():
    cache: BoundedCache[str, int] = BoundedCache(2)
    cache.put("a", 1)
    cache.put("b", 2)
    assert cache.get("a") == 1
    cache.put("c", 3)
    assert [cache.get(key) for key in "abc"] == [1, None, 3]


def test_the_total_weight_is_never_beyond_the_capacity():
    cache: BoundedCache[str, bytes] = BoundedCache(10, len)
    cache.put("a", b"x" * 6)
    cache.put("a", b"x" * 8)
    cache.put("b", b"x" * 2)
    assert [cache.get(key) is not None for key in "ab"] == [True, True]
    cache.put("c", b"x" * 3)
    assert [cache.get(key) is not None for key in "abc"] == [False, True, True]


def test_what_is_heavier_than_the_capacity_is_not_kept():
    cache: BoundedCache[str, bytes] = BoundedCache(10, len)
    cache.put("a", b"x" * 11)
    assert cache.get("a") is None
