"""An answer cut short → the request that goes on with it, and both texts as one."""

from dataclasses import replace

from kimi_docs.domain.calls import Completion, Request

ROUNDS = 3
AT_LENGTH = "unfinished-length"  # cut at the length limit, to be gone on with
CUT = "unfinished-cut"  # the connection broke off
UNFINISHED = (AT_LENGTH, CUT)
MISSHAPEN = "misshapen"  # whole, but not of the form that was asked for, three times
RESTART_CHARACTERS = 48
"""A continuation that begins with as many of the answer's first characters is the whole answer again, not its rest."""


def going_on(request: Request, said: str) -> Request:
    """The request with what was said as the beginning of the answer. Never together with `json_object`, which would start anew."""
    shape = request.parameters.get("response_format") or {}
    parameters = dict(request.parameters)
    if shape.get("type") == "json_object":
        del parameters["response_format"]
    beginning = {"role": "assistant", "content": said, "partial": True}
    return replace(request, messages=(*request.messages, beginning), parameters=parameters)


def joined_text(said: str, rest: str) -> str:
    """The answer whole. Some servers do not go on but say it all again."""
    beginning = said[:RESTART_CHARACTERS]
    if len(beginning) == RESTART_CHARACTERS and rest.startswith(beginning):
        return rest
    return said + rest


def joined(before: Completion, rest: Completion) -> Completion:
    """Both as one answer, under the account of the first: the second is a call of its own. One that added nothing had ended."""
    if not rest.text.strip():
        finish = "stop" if rest.finish not in ("length", *UNFINISHED) else "length"
        return replace(before, finish=finish)
    return replace(before, text=joined_text(before.text, rest.text), finish=rest.finish)


def prefilled(request: Request, beginning: str, *, name: str = "") -> Request:
    """A request whose answer begins so, `{` for JSON say, spoken under a role's name where one is given.

    The answer does not repeat the beginning. Raises: ValueError together with `json_object`, which the platform refuses.
    """
    if (request.parameters.get("response_format") or {}).get("type") == "json_object":
        raise ValueError("a prefilled answer cannot be combined with json_object")
    message = {"role": "assistant", "content": beginning, "partial": True, **({"name": name} if name else {})}
    return replace(request, messages=(*request.messages, message))
