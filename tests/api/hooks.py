"""What Schemathesis is not to know from the document."""

import schemathesis


@schemathesis.hook
def before_call(context, case, kwargs):
    """Some requests ask for problem documents."""
    if len(repr(case.body)) % 3 == 0:
        case.headers["Accept"] = "application/problem+json"


@schemathesis.hook
def filter_failure(context, failure, case, response):
    """A query is read leniently: a switch that is neither true nor false is on."""
    return failure.code != "ST201" or "in body" in failure.message
