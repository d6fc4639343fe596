"""Edits and the question which original an edited copy finds."""

import io
from random import Random

import numpy as np
import pytest
from PIL import Image
from skimage import data

from seenit.evaluation.cosines import Cosines
from seenit.evaluation.edits import EDITS, edited_copies
from seenit.evaluation.evaluate import Trial, evaluate
from seenit.evaluation.screens import PLACED, SCREENS
from seenit.evaluation.threshold import LEAST_PAIRS, threshold_for
from shared.errors import ConfigurationError
from shared.images.decoding import decode, decode_views
from tests.fakes import ThumbnailEmbedder

SAMPLES = ("astronaut", "chelsea", "coffee", "rocket", "immunohistochemistry")


def decoded(content, ways=()):
    return decode_views(content, max_pixels=10_000_000, ways=ways).pixels


@pytest.fixture(scope="session")
def folder(tmp_path_factory):
    """Five pictures, one of them twice, one hidden, and a file that is none."""
    root = tmp_path_factory.mktemp("pictures")
    (root / "sub").mkdir()
    for name in SAMPLES:
        Image.fromarray(getattr(data, name)()).save(root / "sub" / f"{name}.png")
    (root / "again.png").write_bytes((root / "sub" / "coffee.png").read_bytes())
    (root / ".hidden.png").write_bytes(b"never read")
    (root / "notes.txt").write_text("no picture")
    return root


@pytest.fixture
def picture():
    return Image.fromarray(data.chelsea())


@pytest.mark.parametrize("name", EDITS)
def test_the_same_seed_makes_the_same_edit_and_leaves_the_picture_alone(name, picture):
    before = picture.tobytes()
    once, again = (EDITS[name](picture, Random("seed")) for _ in range(2))
    assert once.tobytes() == again.tobytes()
    assert once.size == again.size
    assert picture.tobytes() == before


@pytest.mark.parametrize("name", EDITS)
def test_every_edit_changes_the_picture_visibly(name, picture):
    edited = EDITS[name](picture, Random("seed"))
    assert edited.mode == "RGB"
    changed = edited.size != picture.size
    assert changed or np.abs(np.asarray(edited, int) - np.asarray(picture, int)).mean() > 1


@pytest.mark.parametrize("name", EDITS)
@pytest.mark.parametrize("size", [(1, 1), (1, 300), (300, 2)])
def test_every_edit_takes_a_picture_of_any_size(name, size):
    edited = EDITS[name](Image.new("RGB", size, "teal"), Random("seed"))
    assert min(edited.size) >= 1


@pytest.mark.parametrize(("name", "kept"), [("crop70", 0.7), ("crop50", 0.5)])
def test_a_crop_keeps_its_share_of_each_side_at_a_drawn_place(name, kept, picture):
    crops = {EDITS[name](picture, Random(seed)).tobytes() for seed in range(5)}
    edited = EDITS[name](picture, Random("seed"))
    assert edited.size == (round(picture.width * kept), round(picture.height * kept))
    assert len(crops) == 5


def test_copies_are_files_that_ingest_can_decode_and_come_out_alike_from_the_same_seed(folder):
    original = (folder / "sub" / "rocket.png").read_bytes()
    copies = edited_copies(original, "seed")
    assert copies == edited_copies(original, "seed")
    assert copies != edited_copies(original, "another")
    assert len(copies) == len(EDITS)
    assert {decode(copy, max_pixels=10_000_000).format for copy in copies} <= {"JPEG", "PNG"}


def test_copies_are_made_of_the_picture_as_seen():
    picture = Image.fromarray(data.chelsea()).transpose(Image.Transpose.ROTATE_90)
    turned = Image.Exif()
    turned[0x0112] = 6  # to be turned a quarter clockwise, which makes it upright again
    saved = io.BytesIO()
    picture.save(saved, "JPEG", quality=95, exif=turned)
    copies = dict(zip(EDITS, edited_copies(saved.getvalue(), "seed"), strict=True))
    upright = np.asarray(Image.fromarray(data.chelsea()).resize((224, 224)), int)
    assert np.abs(decoded(copies["gray"])[0].mean(2) - upright.mean(2)).mean() < 10


def test_an_evaluation_tells_edits_that_are_seen_through_from_those_that_are_not(folder):
    found = evaluate(folder, ThumbnailEmbedder(), decoded)
    scores = {score.edit: score for score in found.edits}
    assert list(scores) == list(EDITS)
    assert scores["jpeg20"].top1 == 1
    assert scores["jpeg20"].near_duplicate == 1
    assert scores["jpeg20"].cosine > 0.95
    assert scores["rotate90"].top1 < 1
    assert scores["rotate90"].cosine < scores["jpeg20"].cosine
    assert found.top1 == pytest.approx(np.mean([score.top1 for score in found.edits]))


def test_an_evaluation_counts_what_it_looked_at(folder):
    steps = []
    found = evaluate(
        folder,
        ThumbnailEmbedder(),
        decoded,
        trial=Trial(probes=3),
        progress=lambda *step: steps.append(step),
    )
    assert (found.pictures, found.unusable, found.probes) == (5, 2, 3)
    assert steps == [(i, 10) for i in range(1, 11)]
    assert found.model_id == "thumbnail-512-00000000"
    assert found.threshold == 0.9


def test_an_evaluation_repeats_itself_and_another_seed_makes_other_edits(folder):
    first, again, other = (
        evaluate(folder, ThumbnailEmbedder(), decoded, trial=Trial(seed=seed)) for seed in (1, 1, 2)
    )
    assert first == again
    assert first.edited != other.edited


def test_quantiles_rise_and_the_edited_are_more_alike_than_the_unrelated(folder):
    found = evaluate(folder, ThumbnailEmbedder(), decoded)
    for quantiles in (found.edited, found.unrelated):
        shares, cosines = zip(*quantiles.points, strict=True)
        assert shares[0] == 0
        assert shares[-1] == 1
        assert list(cosines) == sorted(cosines)
    assert dict(found.edited.points)[0.5] > dict(found.unrelated.points)[0.5]


@pytest.mark.parametrize(("near_duplicate", "false"), [(-1.1, 1), (1.1, 0)])
def test_unrelated_pairs_at_the_threshold_are_counted(folder, near_duplicate, false):
    trial = Trial(near_duplicate=near_duplicate, probes=2)
    found = evaluate(folder, ThumbnailEmbedder(), decoded, trial=trial)
    assert found.false_near_duplicates == false
    assert found.threshold == near_duplicate


def test_with_views_what_was_turned_is_found_and_without_them_nothing_is_said_of_them(folder):
    plain = evaluate(folder, ThumbnailEmbedder(), decoded, trial=Trial(probes=3))
    seen = evaluate(
        folder, ThumbnailEmbedder(), decoded, trial=Trial(ways=("auto", "rotate"), probes=3)
    )
    assert plain.top1_views is None
    assert plain.edits[0].top1_views is None
    turned = next(score for score in seen.edits if score.edit == "rotate90")
    assert turned.top1 < turned.top1_views == 1
    assert turned.cosine < 0.9 < turned.cosine_views
    assert [score.top1 for score in seen.edits] == [score.top1 for score in plain.edits]
    assert seen.top1_views > seen.top1 == plain.top1
    assert seen.unrelated.points[-1][1] >= plain.unrelated.points[-1][1]


def test_screens_are_edits_too(folder):
    found = evaluate(
        folder, ThumbnailEmbedder(), decoded, trial=Trial(SCREENS, ("auto",), probes=2)
    )
    assert [score.edit for score in found.edits] == list(SCREENS)
    assert found.top1_views > found.top1


@pytest.mark.parametrize("name", PLACED)
@pytest.mark.parametrize("size", [(1, 1), (1, 300), (300, 2), (451, 300)])
def test_every_screen_takes_a_picture_of_any_size_and_tells_its_place(name, size):
    screen, (left, top, right, bottom) = PLACED[name](Image.new("RGB", size, "teal"), Random("s"))
    assert 0 <= left < right <= screen.width
    assert 0 <= top < bottom <= screen.height


# The threshold


def spread(*cosines, times=1):
    counted = Cosines()
    counted.add(np.repeat(np.array(cosines, np.float32), times))
    return counted


def test_a_histogram_tells_quantiles_and_its_extremes():
    drawn = np.random.default_rng(0).normal(0, 0.2, 100_000).clip(-1, 1).astype(np.float32)
    counted = Cosines()
    for part in np.split(drawn.reshape(100, 1000), 4):
        counted.add(part)
    assert counted.total == 100_000
    for share in (0.01, 0.5, 0.99, 0.9999):
        assert counted.quantile(share) == pytest.approx(np.quantile(drawn, share), abs=0.002)
    assert (counted.quantile(0), counted.quantile(1)) == (drawn.min(), drawn.max())
    assert counted.at_least(0.3) == pytest.approx((drawn >= 0.3).mean(), abs=0.002)
    assert counted.at_least(1.1) == 0
    assert counted.at_least(-1.1) == 1


def test_a_threshold_is_what_one_of_a_million_unrelated_pairs_reaches():
    rng = np.random.default_rng(0)
    counted = Cosines()
    counted.add(rng.exponential(0.04, 1_000_000).clip(-1, 1).astype(np.float32))
    measured = threshold_for(counted)
    assert measured.near_duplicate == pytest.approx(0.04 * np.log(1e6), abs=0.02)
    assert measured.pairs == 1_000_000
    assert not measured.capped


def test_a_few_copies_that_nobody_knew_of_hardly_move_the_threshold():
    drawn = np.random.default_rng(0).exponential(0.04, 1_000_000).astype(np.float32)
    clean, dirty = Cosines(), Cosines()
    clean.add(drawn.clip(-1, 1))
    dirty.add(np.concatenate([drawn, np.full(100, 0.99, np.float32)]).clip(-1, 1))
    moved = threshold_for(dirty).near_duplicate - threshold_for(clean).near_duplicate
    assert 0 <= moved < 0.05


def test_pictures_that_are_all_alike_call_for_no_threshold_beyond_reach():
    measured = threshold_for(spread(0.1, 0.9, 0.99, times=LEAST_PAIRS))
    assert measured.near_duplicate == 0.95
    assert measured.capped


def test_a_few_pairs_tell_nothing():
    assert threshold_for(spread(0.1, 0.2, times=LEAST_PAIRS // 2 - 1)) is None


def test_a_folder_with_fewer_than_two_pictures_is_refused(tmp_path):
    Image.fromarray(data.coffee()).save(tmp_path / "only.png")
    with pytest.raises(ConfigurationError, match="fewer than two"):
        evaluate(tmp_path, ThumbnailEmbedder(), decoded)
