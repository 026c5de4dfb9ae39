"""Where a setting comes from, and what an impossible one says."""

from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kimi_docs.errors import Misconfigured
from kimi_docs.settings import UNLIMITED, load_settings, save_settings


@pytest.mark.parametrize(
    ("given", "completed"),
    [
        ("https://api.moonshot.cn", "https://api.moonshot.cn/v1"),
        ("https://api.moonshot.cn/v1/", "https://api.moonshot.cn/v1"),
        ("http://127.0.0.1:8000/v1", "http://127.0.0.1:8000/v1"),
        ("http://host/proxy", "http://host/proxy/v1"),
    ],
)
def test_an_address_without_its_version_gets_it(home: Path, monkeypatch: pytest.MonkeyPatch, given: str, completed: str) -> None:
    monkeypatch.setenv("MOONSHOT_BASE_URL", given)
    assert load_settings().base_url == completed


def test_a_flag_wins_over_the_environment_over_here_over_the_home(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    save_settings({"KIMI_DOCS_MODEL": "from-home"})
    assert load_settings().model == "from-home"
    (tmp_path / ".env").write_text("KIMI_DOCS_MODEL=from-here\n", encoding="utf-8")
    assert load_settings().model == "from-here"
    monkeypatch.setenv("KIMI_DOCS_MODEL", "from-environment")
    assert load_settings().model == "from-environment"
    assert load_settings(model="from-flag").model == "from-flag"


def test_the_key_is_read_from_its_three_names_in_order_and_from_no_other(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-openai")
    assert load_settings().api_key is None
    for name in ("KIMI_API_KEY", "MOONSHOT_API_KEY", "KIMI_DOCS_API_KEY"):
        monkeypatch.setenv(name, f"sk-{name}")
        key = load_settings().api_key
        assert key is not None
        assert key.get_secret_value() == f"sk-{name}"
    assert "sk-" not in repr(load_settings())


def test_the_engine_is_kimi_when_there_is_a_key(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert load_settings().chosen_engine == "local"
    monkeypatch.setenv("KIMI_API_KEY", "sk-x")
    assert load_settings().chosen_engine == "kimi"
    assert load_settings(engine="local").chosen_engine == "local"


def test_a_tier_sets_the_limits_and_a_limit_given_wins(home: Path) -> None:
    limits = load_settings(tier=1, rpm=7).limits
    assert (limits.concurrency, limits.rpm, limits.tpm, limits.tpd) == (50, 7, 2_000_000, None)


@pytest.mark.parametrize(("base", "currency"), [("https://api.moonshot.cn/v1", "CNY"), ("https://api.moonshot.ai/v1", "USD")])
def test_the_currency_is_the_region_s(home: Path, base: str, currency: str) -> None:
    assert load_settings(base_url=base).currency == currency


@pytest.mark.parametrize(
    ("name", "value"),
    [("KIMI_DOCS_TIER", "9"), ("KIMI_DOCS_ENGINE", "gpt"), ("MOONSHOT_BASE_URL", "not an address"), ("KIMI_DOCS_ENGINE", "kimi")],
)
def test_an_impossible_setting_is_named_in_a_sentence(home: Path, monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(Misconfigured) as raised:
        load_settings()
    assert "cannot work" in str(raised.value)


def test_what_the_screen_saves_is_readable_by_its_owner_alone_and_replaces_what_was(home: Path) -> None:
    save_settings({"KIMI_DOCS_API_KEY": "sk-first", "KIMI_DOCS_BUDGET": "1.50"})
    save_settings({"KIMI_DOCS_API_KEY": "sk-second\nKIMI_DOCS_ENGINE=local"})
    file = home / ".env"
    assert file.stat().st_mode & 0o777 == 0o600
    assert load_settings().budget == Decimal("1.50")
    assert load_settings().engine == "auto"
    save_settings({"KIMI_DOCS_API_KEY": ""})
    assert load_settings().api_key is None


def test_what_somebody_wrote_into_the_homes_file_stays_as_it_is(home: Path) -> None:
    home.mkdir(parents=True)
    written = '# mine\nKIMI_DOCS_API_KEY="sk-quoted"\nexport KIMI_DOCS_TIER=1 # paid\nKIMI_DOCS_LANGUAGE=en\n'
    (home / ".env").write_text(written)
    save_settings({"KIMI_DOCS_LANGUAGE": "zh-CN"})
    assert (home / ".env").read_text() == written.replace("KIMI_DOCS_LANGUAGE=en", "KIMI_DOCS_LANGUAGE='zh-CN'")
    found = load_settings()
    assert found.api_key is not None
    assert (found.api_key.get_secret_value(), found.tier, found.language) == ("sk-quoted", 1, "zh-CN")


@given(st.text(st.characters(codec="ascii", categories=("L", "N", "P", "S")), min_size=1))
def test_any_value_comes_back_as_it_was_saved(tmp_path_factory: pytest.TempPathFactory, value: str) -> None:
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("KIMI_DOCS_HOME", str(tmp_path_factory.mktemp("home")))
        save_settings({"KIMI_DOCS_MODEL": value})
        assert load_settings().model == value


def test_a_server_of_ones_own_has_no_limits_but_those_that_were_set() -> None:
    own = {"provider": "openai-compatible"}
    assert load_settings(**own).limits.rpm == load_settings(**own).limits.tpm == UNLIMITED
    assert load_settings(**own).limits.tpd is None
    assert load_settings(**own, rpm=7).limits.rpm == 7
    assert load_settings(**own, tier=1).limits.rpm == 200
    assert load_settings().limits.rpm == 3
