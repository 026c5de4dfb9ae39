"""Environment, `.env` files and flags → one frozen `Settings`. Flags win, then the environment, `.env` here, the home's `.env`."""

import os
import re
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any, Literal, Self
from urllib.parse import urlsplit

from platformdirs import user_data_path
from pydantic import AliasChoices, Field, SecretStr, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from kimi_docs.errors import Misconfigured
from kimi_docs.language import closest, say

INTERNATIONAL = "https://api.moonshot.ai/v1"
CHINA = "https://api.moonshot.cn/v1"

TIERS = {
    0: (1, 3, 500_000, 1_500_000),
    1: (50, 200, 2_000_000, None),
    2: (100, 500, 3_000_000, None),
    3: (200, 5_000, 3_000_000, None),
    4: (400, 5_000, 4_000_000, None),
    5: (1_000, 10_000, 5_000_000, None),
}
"""Account tier → concurrency, requests and tokens a minute, tokens a day (platform documentation, 2026-08-13)."""

OWN_CONCURRENCY = 8
"""Requests at once to a server of one's own: it puts them into one batch, and answers each more slowly the more there are."""
UNLIMITED = 10**9


def home() -> Path:
    """Where everything kept lives: `KIMI_DOCS_HOME`, else the platform's user data folder."""
    named = os.environ.get("KIMI_DOCS_HOME")
    return Path(named).expanduser() if named else user_data_path("kimi-docs", appauthor=False)


class Settings(BaseSettings):
    """Every setting of the program. The names in the environment are in the README's table."""

    model_config = SettingsConfigDict(
        env_prefix="KIMI_DOCS_",
        env_ignore_empty=True,
        extra="ignore",
        frozen=True,
        populate_by_name=True,
        env_file_encoding="utf-8",
    )

    api_key: SecretStr | None = Field(
        None, validation_alias=AliasChoices("KIMI_DOCS_API_KEY", "MOONSHOT_API_KEY", "KIMI_API_KEY", "api_key")
    )
    base_url: str = Field(
        INTERNATIONAL, validation_alias=AliasChoices("MOONSHOT_BASE_URL", "MOONSHOT_API_BASE", "KIMI_BASE_URL", "base_url")
    )
    engine: Literal["auto", "kimi", "local"] = "auto"
    provider: Literal["auto", "moonshot", "openai-compatible"] = "auto"
    model: str = "auto"
    extraction: Literal["auto", "local", "kimi"] = "auto"
    tables: bool = True
    tier: int = Field(0, ge=0, le=5)
    concurrency: int | None = Field(None, ge=1)
    rpm: int | None = Field(None, ge=1)
    tpm: int | None = Field(None, ge=1)
    tpd: int | None = Field(None, ge=1)
    rate_period_seconds: float = Field(60, gt=0)
    chunk_tokens: int | None = Field(None, ge=200)
    budget: Decimal | None = Field(None, ge=0)
    home: Path = Field(default_factory=home)
    database_url: str = ""
    blobs_url: str = ""
    max_upload_mb: int = Field(100, ge=1)
    language: str = ""
    password: SecretStr | None = None

    @field_validator("base_url")
    @classmethod
    def _complete(cls, url: str) -> str:
        parts = urlsplit(url.strip())
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError("a web address such as https://api.moonshot.ai/v1 is needed")
        trimmed = url.strip().rstrip("/")
        return trimmed if re.search(r"/v\d+$", parts.path.rstrip("/")) else trimmed + "/v1"

    @field_validator("language")
    @classmethod
    def _offered(cls, tag: str) -> str:
        return closest(tag) if tag else ""

    @model_validator(mode="after")
    def _engine_has_key(self) -> Self:
        if self.engine == "kimi" and not self.api_key and self.provider != "openai-compatible":
            raise ValueError("KIMI_DOCS_ENGINE is kimi, but there is no key: set KIMI_DOCS_API_KEY or MOONSHOT_API_KEY")
        return self

    @property
    def chosen_engine(self) -> Literal["kimi", "local"]:
        if self.engine == "auto":
            return "kimi" if self.api_key or self.provider == "openai-compatible" else "local"
        return self.engine

    @property
    def chosen_provider(self) -> Literal["moonshot", "openai-compatible"]:
        """`auto`: Moonshot for its own hosts and whatever else gives a key in its form; self-hosting is said explicitly."""
        return "moonshot" if self.provider == "auto" else self.provider

    @property
    def currency(self) -> str:
        """What the provider bills in: yuan in China, else dollars."""
        return "CNY" if (urlsplit(self.base_url).hostname or "").endswith(".cn") else "USD"

    @property
    def limits(self) -> "Limits":
        """The account's; a server of one's own has none but those that were set."""
        own = self.chosen_provider == "openai-compatible" and "tier" not in self.model_fields_set
        return self.own_limits if own else self._limits(*TIERS[self.tier])

    @property
    def own_limits(self) -> "Limits":
        """Those that were set, and as good as none else."""
        return self._limits(OWN_CONCURRENCY, UNLIMITED, UNLIMITED, None)

    def _limits(self, concurrency: int, rpm: int, tpm: int, tpd: int | None) -> "Limits":
        """These, where no other were set."""
        return Limits(
            concurrency=self.concurrency or concurrency,
            rpm=self.rpm or rpm,
            tpm=self.tpm or tpm,
            tpd=self.tpd or tpd,
            period_seconds=self.rate_period_seconds,
        )

    @property
    def max_upload_bytes(self) -> int:
        return self.max_upload_mb * 1024 * 1024

    @property
    def storage(self) -> dict[str, Any]:
        """What `storage.open.open_storage` needs."""
        database = self.database_url or f"sqlite:///{self.home / 'kimi-docs.sqlite3'}"
        return {"database_url": database, "blobs_url": self.blobs_url or str(self.home / "blobs"), "home": self.home}


@dataclass(frozen=True, kw_only=True, slots=True)
class Limits:
    """What the account may do: requests at once, requests and tokens a period, tokens a day."""

    concurrency: int
    rpm: int
    tpm: int
    tpd: int | None
    period_seconds: float


def load_settings(**flags: Any) -> Settings:
    """The settings in force now. `flags` that are None do not count. Raises: Misconfigured."""
    given = {name: value for name, value in flags.items() if value is not None}
    try:
        return Settings(_env_file=(home() / ".env", ".env"), **given)  # type: ignore[call-arg]
    except ValidationError as error:
        first = error.errors()[0]
        name = str(first["loc"][0]) if first["loc"] else "KIMI_DOCS_ENGINE"
        raise Misconfigured(
            say("The setting {name} cannot work: {reason}.", name=name, reason=str(first["msg"]).removeprefix("Value error, ")),
            say("Correct it in the environment or in {file} and start again.", file=str(home() / ".env")),
        ) from None


def save_settings(changes: dict[str, str]) -> None:
    """Keep settings in the home's `.env` (0600), by their names in the environment; an empty value removes one."""
    folder = home()
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    file = folder / ".env"
    lines = file.read_text(encoding="utf-8").splitlines() if file.exists() else []
    kept = [line for line in lines if _name(line) not in changes]  # as somebody wrote them, comments too
    given = {name: " ".join(value.split()) for name, value in changes.items()}
    text = "".join(f"{line}\n" for line in [*kept, *(f"{name}={_quoted(value)}" for name, value in given.items() if value)])
    temporary = file.with_name(f".env.{os.getpid()}")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as out:
        out.write(text)
    temporary.replace(file)


def _name(line: str) -> str:
    """Which setting a line of an `.env` file sets; empty for a comment."""
    found = re.match(r"\s*(?:export\s+)?([A-Za-z_]\w*)\s*=", line)
    return found[1] if found else ""


def _quoted(value: str) -> str:
    """As dotenv reads single quotes: everything stands for itself but these two."""
    escaped = value.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"
