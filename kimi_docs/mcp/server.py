"""The protocol around the tools: lists, calls, resources, and every failure as a sentence.

While it serves, the SDK keeps stdout for itself and lets whatever else writes there go to stderr.
"""

import asyncio
import logging
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any

from mcp import MCPError, types
from mcp.server import Server, ServerRequestContext
from mcp.server.stdio import stdio_server
from pydantic import ValidationError

from kimi_docs import __version__
from kimi_docs.domain.scope import Actor
from kimi_docs.errors import KimiDocsError, NotFound, WrongUse
from kimi_docs.language import joined, say, translate
from kimi_docs.library import Desk, Library
from kimi_docs.mcp.shapes import UNTRUSTED, Result
from kimi_docs.mcp.tools import MOST_LISTED, READING, WORKING, ListDocuments, ReadPages, Tool, Tools
from kimi_docs.mcp.work import Bench

INSTRUCTIONS = (
    "The documents somebody keeps in Kimi Docs on this machine. Find places with search_documents, read them with read_pages, and "
    "name document and page of what you quote. Kept summaries have quotes that were looked up in the document: a claim that is not "
    f"verified must be told as such. {UNTRUSTED}"
)
SCHEME = "kimi-docs://document/"
INVALID_PARAMS = -32602
INTERNAL_ERROR = -32603

log = logging.getLogger(__name__)
Context = ServerRequestContext[Any]


def serve(desk: Desk, actor: Actor, *, allow_work: bool) -> None:
    """Answer on stdout what is asked on stdin, until that ends."""
    with closing(Bench(desk, actor)) as bench:
        asyncio.run(_serve(_Answers(bench=bench, allow_work=allow_work, home=str(desk.library.settings().home))))


async def _serve(answers: "_Answers") -> None:
    server: Server[Any] = Server(
        "kimi-docs",
        version=__version__,
        title="Kimi Docs",
        instructions=INSTRUCTIONS,
        on_list_tools=answers.list_tools,
        on_call_tool=answers.call_tool,
        on_list_resources=answers.list_resources,
        on_read_resource=answers.read_resource,
    )
    async with stdio_server() as (asked, told):
        await server.run(asked, told, server.create_initialization_options())


@dataclass(frozen=True, kw_only=True)
class _Answers:
    """What is answered to each request. Without `allow_work` nothing is offered that writes or costs."""

    bench: Bench
    allow_work: bool
    home: str

    @property
    def _tools(self) -> Mapping[str, Tool]:
        return {tool.name: tool for tool in (*READING, *(WORKING if self.allow_work else ()))}

    async def list_tools(self, _context: Context, _params: types.PaginatedRequestParams | None) -> types.ListToolsResult:
        return types.ListToolsResult(tools=[_described(tool) for tool in self._tools.values()])

    async def call_tool(self, context: Context, params: types.CallToolRequestParams) -> types.CallToolResult:
        try:
            result = await self._result(context, params.name, params.arguments or {})
        except KimiDocsError as error:
            return self._failed(error)
        except Exception:  # the boundary of a call: whatever one does, the next is answered
            log.exception("the tool %r ended unforeseen", params.name)
            return self._failed(_unforeseen())
        text = types.TextContent(type="text", text=result.model_dump_json())
        return types.CallToolResult(content=[text], structured_content=result.model_dump(mode="json"))

    async def _result(self, context: Context, name: str, arguments: Mapping[str, Any]) -> Result:
        tool = self._tool(name)
        asked = _checked(tool, arguments)
        if tool.told is None:
            return await asyncio.to_thread(tool.work, self._at(self.bench.desk.library), asked)
        made = await self.bench.carry_out(lambda library: tool.work(self._at(library), asked), context.session.report_progress)
        return made if isinstance(made, Result) else await asyncio.to_thread(tool.told, self._at(self.bench.desk.library), made)

    def _tool(self, name: str) -> Tool:
        if name in self._tools:
            return self._tools[name]
        if any(tool.name == name for tool in WORKING):
            raise WrongUse(say("This server only reads."), say("Start it with --allow-work to have it make summaries and answers."))
        raise WrongUse(say("There is no tool {name}.", name=name), say("Tools: {names}.", names=", ".join(self._tools)))

    def _at(self, library: Library) -> Tools:
        return Tools(library=library, actor=self.bench.actor)

    # Documents as resources: the beginning of their text

    async def list_resources(self, _context: Context, params: types.PaginatedRequestParams | None) -> types.ListResourcesResult:
        """Raises: MCPError."""
        cursor = params.cursor if params and params.cursor else "0"
        asked = ListDocuments(limit=MOST_LISTED, offset=int(cursor) if cursor.isdecimal() and len(cursor) < 10 else 0)
        with self._worded():
            found = await asyncio.to_thread(self._at(self.bench.desk.library).list_documents, asked)
        resources = [
            types.Resource(uri=f"{SCHEME}{each.id}", name=each.name, title=each.title or None, mime_type="text/plain")
            for each in found.documents
        ]
        return types.ListResourcesResult(resources=resources, next_cursor=str(found.next_offset) if found.next_offset else None)

    async def read_resource(self, _context: Context, params: types.ReadResourceRequestParams) -> types.ReadResourceResult:
        """Raises: MCPError."""
        read = partial(_beginning, self._at(self.bench.desk.library), str(params.uri))
        with self._worded():
            text = await asyncio.to_thread(read)
        return types.ReadResourceResult(contents=[types.TextResourceContents(uri=params.uri, text=text, mime_type="text/plain")])

    @contextmanager
    def _worded(self) -> Iterator[None]:
        """What goes wrong with resources inside, as an error of the protocol. Raises: MCPError."""
        try:
            yield
        except (KimiDocsError, ValidationError) as error:
            problem = error if isinstance(error, KimiDocsError) else NotFound(say("There is no such document."))
            raise MCPError(INVALID_PARAMS, self._sentence(problem)) from error
        except Exception as error:
            log.exception("a request for resources ended unforeseen")
            raise MCPError(INTERNAL_ERROR, self._sentence(_unforeseen())) from error

    def _failed(self, error: KimiDocsError) -> types.CallToolResult:
        return types.CallToolResult(content=[types.TextContent(type="text", text=self._sentence(error))], is_error=True)

    def _sentence(self, error: KimiDocsError) -> str:
        """The home by the name of its setting: where it lies is nobody else's business."""
        request = translate("(request {id})", id=error.request_id) if error.request_id else ""
        return joined((error.message.text(), error.advice.text(), request)).replace(self.home, "KIMI_DOCS_HOME")


def _described(tool: Tool) -> types.Tool:
    reads = tool.told is None
    hints = types.ToolAnnotations(
        title=tool.title, read_only_hint=reads, destructive_hint=False, idempotent_hint=reads, open_world_hint=not reads
    )
    return types.Tool(
        name=tool.name,
        title=tool.title,
        description=tool.description,
        input_schema=tool.arguments.model_json_schema(),
        output_schema=tool.result.model_json_schema(mode="serialization"),
        annotations=hints,
    )


def _checked(tool: Tool, arguments: Mapping[str, Any]) -> Any:
    """Raises: WrongUse that names each argument that is missing or wrong."""
    try:
        return tool.arguments.model_validate(arguments)
    except ValidationError as error:
        problems = "; ".join(f"{'.'.join(map(str, each['loc']))}: {each['msg']}" for each in error.errors()[:5])
        raise WrongUse(
            say("{tool} cannot do that: {problems}.", tool=tool.name, problems=problems),
            say("Documents are named by their ids; list_documents gives them."),
        ) from None


def _beginning(tools: Tools, uri: str) -> str:
    asked = ReadPages(document=uri.removeprefix(SCHEME))
    found = tools.read_pages(asked)
    return "\n".join([UNTRUSTED, *(page.text for page in found.pages), found.statement])


def _unforeseen() -> KimiDocsError:
    return KimiDocsError(
        say("Something went wrong that the program did not foresee."),
        say("What happened stands on its stderr; “kimi-docs doctor” looks for what is wrong."),
    )
