"""The front door of the screen: settings, storage and queue put together, handed to the pages. Nobody imports it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import anyio.to_thread
import streamlit as st
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from kimi_docs.errors import KimiDocsError
from kimi_docs.library import make_library
from kimi_docs.serve import end_with_parent
from kimi_docs.settings import load_settings
from pages.shared import state
from pages.shared.headers import Headers
from storage.open import open_storage


@asynccontextmanager
async def open_library(_app: Any) -> AsyncIterator[None]:
    """One library for this process, open as long as the server runs."""
    end_with_parent()
    settings = load_settings()
    storage = await anyio.to_thread.run_sync(lambda: open_storage(**settings.storage))
    library = await anyio.to_thread.run_sync(lambda: make_library(storage, storage.blobs, load_settings, storage.close))
    state.install(library)
    try:
        yield
    finally:
        await anyio.to_thread.run_sync(library.close)


async def healthz(_request: Request) -> JSONResponse:
    return JSONResponse({"status": "alive"})


async def readyz(_request: Request) -> JSONResponse:
    """Ready when the database answers."""
    try:
        count = await anyio.to_thread.run_sync(lambda: state.library().storage.unfinished_runs())
    except KimiDocsError as error:
        return JSONResponse({"status": "not ready", "reason": error.code}, status_code=503)
    return JSONResponse({"status": "ready", "unfinished_runs": len(count)})


app = st.App(
    Path(__file__).parent / "pages" / "_frame.py",
    lifespan=open_library,
    routes=[Route("/healthz", healthz), Route("/readyz", readyz)],
    middleware=[Middleware(Headers)],
)
