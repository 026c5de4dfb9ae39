"""Picture files → one page a frame; floods and damage are refused."""

from pathlib import Path

import pytest
from PIL import Image, ImageDraw

from kimi_docs.domain.text import PageState
from kimi_docs.errors import Damaged, NoText, TooLarge
from kimi_docs.extract import ocr, picture, pixels
from kimi_docs.extract.wire import partitioned


@pytest.fixture
def recognizer(monkeypatch: pytest.MonkeyPatch) -> list[tuple[int, int]]:
    """A recognizer that reads the width of what it sees, and nothing on narrow pictures."""
    seen: list[tuple[int, int]] = []

    def read(found: Image.Image) -> str:
        seen.append(found.size)
        assert found.mode == "RGB"
        return f"wide {found.width}\n" if found.width > 20 else ""

    monkeypatch.setattr(ocr, "available", lambda: True)
    monkeypatch.setattr(ocr, "recognize_picture", read)
    return seen


def test_each_picture_of_a_tiff_is_a_page(tmp_path: Path, recognizer: list[tuple[int, int]]) -> None:
    first, *others = [Image.new("L", (width, 30), 255) for width in (40, 10, 50)]
    first.save(tmp_path / "a.tiff", save_all=True, append_images=others)
    found = picture.read(tmp_path / "a.tiff", "id")
    assert [page.state for page in found.pages] == [PageState.RECOGNIZED, PageState.EMPTY, PageState.RECOGNIZED]
    assert found.text == "wide 40\nwide 50\n"
    assert partitioned(found)


def test_of_an_animation_the_first_frame_is_read(tmp_path: Path, recognizer: list[tuple[int, int]]) -> None:
    frames = [Image.new("P", (30, 30), shade) for shade in range(20)]
    frames[0].save(tmp_path / "a.gif", save_all=True, append_images=frames[1:])
    assert len(picture.read(tmp_path / "a.gif", "id").pages) == 1
    assert len(recognizer) == 1


def test_a_photo_is_turned_upright(tmp_path: Path, recognizer: list[tuple[int, int]]) -> None:
    photo = Image.new("RGB", (60, 40))
    exif = photo.getexif()
    exif[0x0112] = 6
    photo.save(tmp_path / "a.jpg", exif=exif)
    picture.read(tmp_path / "a.jpg", "id")
    assert recognizer == [(40, 60)]


def test_without_a_recognizer_the_picture_says_how_it_could_be_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ocr, "available", lambda: False)
    Image.new("RGB", (30, 30)).save(tmp_path / "a.png")
    with pytest.raises(NoText) as caught:
        picture.read(tmp_path / "a.png", "id")
    assert "ocr" in caught.value.advice.text()


def test_floods_of_pixels_and_frames_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Image.new("1", (1, 65_535)).save(tmp_path / "a.png")
    with pytest.raises(TooLarge):
        picture.read(tmp_path / "a.png", "id")
    monkeypatch.setattr(pixels, "MAX_FRAMES", 3)
    frames = [Image.new("L", (4, 4), shade) for shade in range(5)]
    frames[0].save(tmp_path / "a.tiff", save_all=True, append_images=frames[1:])
    with pytest.raises(TooLarge):
        picture.read(tmp_path / "a.tiff", "id")


def test_a_damaged_picture_says_so(tmp_path: Path, recognizer: list[tuple[int, int]]) -> None:
    drawn = Image.new("RGB", (300, 300), "white")
    ImageDraw.Draw(drawn).text((10, 10), "words")
    drawn.save(tmp_path / "a.png")
    content = (tmp_path / "a.png").read_bytes()
    for broken in (content[:200], content[:60], b"\x89PNG\r\n\x1a\n"):
        (tmp_path / "b.png").write_bytes(broken)
        with pytest.raises(Damaged):
            picture.read(tmp_path / "b.png", "id")
