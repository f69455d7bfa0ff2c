"""One scenario a line on standard input, one line with its outcome on standard output."""

import json
import sys


def serve(scenarios):
    """scenarios: for each kind a function of the scenario that returns the outcome, or raises as the client does."""
    for line in sys.stdin:
        scenario = json.loads(line)
        try:
            outcome = scenarios[scenario["kind"]](scenario)
        except Exception as error:
            outcome = {"error": told(error)}
        print("outcome", json.dumps(outcome), flush=True)


def told(error):
    """What an app's code can branch on."""
    status = getattr(error, "status_code", None)
    body = getattr(error, "body", None)
    inner = body.get("error") if isinstance(body, dict) else None
    return {
        "name": type(error).__name__,
        "status": status,
        "type": inner.get("type") if isinstance(inner, dict) else None,
        "message": str(error),
    }


def each_question(scenario, ask):
    """ask: returns the answer's text and why it stopped."""
    return {"answers": [ask(question) for question in scenario["questions"]]}
