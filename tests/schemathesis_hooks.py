"""What a schema cannot say of a request: which folders there are, and which cursors this server made."""

import os

import schemathesis
from schemathesis import GenerationMode
from schemathesis.core import NOT_SET


@schemathesis.hook
def before_call(context, case, kwargs):
    meta = case.meta
    if meta is None:
        return
    if meta.generation.mode != GenerationMode.POSITIVE:
        # Meant to break a rule and broke none: no body where none is needed.
        broken = getattr(meta.phase.data, "description", None) not in (None, "Positive test case")
        if case.body is NOT_SET and case.method in ("POST", "PUT", "PATCH") and not broken:
            case.body = b"{"
        return
    # A cursor comes from the page before; an invented one is refused, as it should be.
    if isinstance(case.query, dict):
        case.query.pop("cursor", None)
    body = whole(case.body)
    # Whatever is written anew is judged anew, and a form, or no body where none is needed, would not pass.
    if repr(body) != repr(case.body):
        case.body = body
    # A folder that exists would be read, whatever it holds.
    if isinstance(case.body, dict) and os.path.isabs(str(case.body.get("path", "")).strip()):
        case.body["path"] = os.environ["WATCHED"]


def whole(value):
    """Whole numbers are written without a fraction; JSON Schema would have 1.0 be one."""
    if isinstance(value, dict):
        return {key: whole(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [whole(inner) for inner in value]
    if isinstance(value, float) and value.is_integer() and abs(value) < 2**53:
        return int(value)
    return value
