"""Edits and the question which original an edited copy finds."""

import io
from random import Random

import numpy as np
import pytest
from PIL import Image
from skimage import data

from seenit.evaluation.edits import EDITS, edited_copies
from seenit.evaluation.evaluate import evaluate
from shared.errors import ConfigurationError
from shared.images.decoding import decode
from tests.fakes import ThumbnailEmbedder

SAMPLES = ("astronaut", "chelsea", "coffee", "rocket", "immunohistochemistry")


def decoded(content):
    return decode(content, max_pixels=10_000_000).pixels


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
    assert np.abs(decoded(copies["gray"]).mean(2) - upright.mean(2)).mean() < 10


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
        folder, ThumbnailEmbedder(), decoded, probes=3, progress=lambda *step: steps.append(step)
    )
    assert (found.pictures, found.unusable, found.probes) == (5, 2, 3)
    assert steps == [(i, 10) for i in range(1, 11)]
    assert found.model_id == "thumbnail-512-00000000"
    assert found.threshold == 0.9


def test_an_evaluation_repeats_itself_and_another_seed_makes_other_edits(folder):
    first, again, other = (
        evaluate(folder, ThumbnailEmbedder(), decoded, seed=seed) for seed in (1, 1, 2)
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


def test_unrelated_pairs_at_the_threshold_are_counted(folder):
    lenient, strict = ThumbnailEmbedder(), ThumbnailEmbedder()
    lenient.near_duplicate, strict.near_duplicate = -1.1, 1.1
    assert evaluate(folder, lenient, decoded).false_near_duplicates == 1
    assert evaluate(folder, strict, decoded).false_near_duplicates == 0


def test_a_folder_with_fewer_than_two_pictures_is_refused(tmp_path):
    Image.fromarray(data.coffee()).save(tmp_path / "only.png")
    with pytest.raises(ConfigurationError, match="fewer than two"):
        evaluate(tmp_path, ThumbnailEmbedder(), decoded)
