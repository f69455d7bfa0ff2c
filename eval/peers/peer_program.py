"""A program that does what JSON lines ask of it (peer-process.ts). Import it before all else: from then on what
others print goes to standard error.
"""

import json
import sys

replies, sys.stdout = sys.stdout, sys.stderr


def serve(perform):
    """perform: a request in, its reply out."""
    for line in sys.stdin:
        try:
            answer = {"reply": perform(json.loads(line))}
        except Exception as error:  # said to the parent, which decides
            answer = {"error": f"{type(error).__name__}: {error}"}
        print(json.dumps(answer), file=replies, flush=True)
