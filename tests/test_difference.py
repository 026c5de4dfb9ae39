"""What changed between two versions, and that hostile words stay words."""

from hypothesis import given
from hypothesis import strategies as st

from pages.shared.difference import difference


def test_words_added_and_taken_away_are_marked() -> None:
    changed = difference("Sales rose by 12 percent.", "Sales fell by 12 percent.")
    assert ":red-background[− ~~rose~~]" in changed
    assert ":green-background[+ fell]" in changed
    assert "12 percent." in changed


def test_chinese_is_compared_by_character() -> None:
    assert ":green-background[+ 不]" in difference("允许使用", "不允许使用")


@given(st.text(max_size=80), st.text(max_size=80))
def test_no_text_is_too_odd_to_compare(old: str, new: str) -> None:
    difference(old, new)
    assert "background[" not in difference(old, old)
