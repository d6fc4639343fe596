"""What a comparison of store, catalog and index counts, and what it asks about. No I/O."""

from collections.abc import Callable
from dataclasses import dataclass, field

from shared.records import ObjectFilter
from streams.differences import Difference

GUARD_FLOOR = 10  # fewer removals than this need no question, whatever their share,
TIDIED = 2  # but for a store that is empty, or holds none of what it held: of more than these
NAMED = 5  # buckets that a question names
RETRY_BUCKET_S = 60.0  # a bucket that could not be listed is tried again sooner than the others
ORPHANS = 0.1  # of the share of removals; more vectors may well be another catalog's


def most_removals(held: int, share: float) -> int:
    """How many of `held` may go without a question, if that is at most `share` of them."""
    return max(GUARD_FLOOR - 1, int(share * held))


@dataclass(slots=True)
class Survey:
    """What a comparison counted in one bucket."""

    added: int = 0
    changed: int = 0
    removed: int = 0
    unchanged: int = 0

    def count(self, difference: Difference | None) -> None:
        """Add one object."""
        name = difference.kind.value if difference else "unchanged"
        setattr(self, name, getattr(self, name) + 1)

    @property
    def differing(self) -> int:
        """How many objects differ."""
        return self.added + self.changed + self.removed

    @property
    def held(self) -> int:
        """How many objects the catalog holds."""
        return self.unchanged + self.changed + self.removed


@dataclass(slots=True)
class Report:
    """What a reconciliation found, and what it held back.

    Attributes:
        where: what was compared; empty is everything.
        buckets: those that were compared to their end.
        failed: buckets whose listing failed, with the reason; nothing of them is removed.
        held_back: per bucket how many objects would be removed, and how many it has.
        restored: images in use whose vectors the index has lost.
        vectors: how many the index holds.
        orphans: those of them that belong to no image of the catalog.
        orphans_held_back: whether they are so many that they stay until someone says so.
    """

    where: ObjectFilter = field(default_factory=ObjectFilter)
    buckets: dict[str, Survey] = field(default_factory=dict)
    failed: dict[str, str] = field(default_factory=dict)
    held_back: dict[str, tuple[int, int]] = field(default_factory=dict)
    restored: int = 0
    vectors: int = 0
    orphans: int = 0
    orphans_held_back: bool = False

    def total(self, name: str) -> int:
        """Sum one count, such as `added`, over all buckets."""
        return sum(getattr(survey, name) for survey in self.buckets.values())

    @property
    def is_whole(self) -> bool:
        """Whether all buckets were compared; of one that was not, the catalog may have lost all."""
        return not (self.where or self.failed)

    def due_in_s(self, often: float) -> float:
        """Tell the seconds until the next comparison, where the usual ones come this often."""
        return min(often, RETRY_BUCKET_S) if self.failed else often

    def hold_back(self, guard: float) -> None:
        """Hold removals back where too many objects would go: of a bucket, or of all the others.

        The others count together, as many small folders vanish with the disk that they are on.
        """
        self.held_back = self._removed(lambda one: one.removed > most_removals(one.held, guard))
        others = [one for name, one in self.buckets.items() if name not in self.held_back]
        gone, held = sum(one.removed for one in others), sum(one.held for one in others)
        all_gone = not self.where and TIDIED < gone == held and guard < 1
        if all_gone or gone > most_removals(held, guard):
            self.held_back = self._removed(lambda one: one.removed > 0)

    def _removed(self, which: Callable[[Survey], bool]) -> dict[str, tuple[int, int]]:
        """Tell of some buckets how many objects are gone, and how many they have."""
        return {name: (one.removed, one.held) for name, one in self.buckets.items() if which(one)}

    @property
    def work(self) -> int:
        """How many objects are to be looked at."""
        return self.total("differing") + self.restored

    @property
    def drift(self) -> int:
        """How many objects and vectors are not as they should be, as far as that can be told."""
        return self.work + (0 if self.orphans_held_back else self.orphans)

    @property
    def removals_held_back(self) -> int:
        """How many objects stay in the catalog until someone says that they may go."""
        return sum(gone for gone, _ in self.held_back.values())

    @property
    def question(self) -> str | None:
        """Which removals were held back, and what to do if they are right; None if none was."""
        if not self.held_back:
            return None
        told = [f"{gone} of {held} in {name}" for name, (gone, held) in self.held_back.items()]
        if len(told) > NAMED:
            told[NAMED:] = [f"more in {len(told) - NAMED} other buckets"]
        return (
            f"{', '.join(told)} are gone from the store; nothing of them was removed. "
            "If that is right: seenit reconcile --force"
        )

    @property
    def remark(self) -> str | None:
        """Which vectors were left alone; None if none was."""
        if not self.orphans_held_back:
            return None
        return (
            f"{self.orphans} of {self.vectors} vectors in the index belong to no picture of this "
            "catalog. If they are no other Seenit's either: seenit reconcile --force"
        )

    @property
    def remarks(self) -> list[str]:
        """All that a person should know: what failed, and what was held back."""
        failed = [f"{name} could not be compared ({why})" for name, why in self.failed.items()]
        return [*failed, *filter(None, (self.question, self.remark))]

    def ask(self, guard: float) -> None:
        """Hold the orphans back if there are too many."""
        self.orphans_held_back = self.orphans > most_removals(self.vectors, ORPHANS * guard)
