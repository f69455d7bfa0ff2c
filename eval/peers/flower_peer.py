"""Flower's weighted mean of array records, as its strategies call it. Speaks JSON lines (peer-process.ts)."""

import resource
import sys
import time

from peer_program import serve  # isort: skip

import numpy as np  # noqa: E402
from flwr.app import Array, ArrayRecord, MetricRecord, RecordDict  # noqa: E402
from flwr.serverapp.strategy.strategy_utils import aggregate_arrayrecords  # noqa: E402

records = []


def resident():
    with open("/proc/self/statm") as statm:
        return int(statm.read().split()[1]) * resource.getpagesize()


def open_updates(request):
    """What a server holds when all replies of a round have come."""
    numbers = request["numbers"]
    drawn = np.random.default_rng(1).normal(0, 1e-3, request["updates"] + numbers).astype(np.float32)
    base = resident() if sys.platform == "linux" else 0
    for i in range(request["updates"]):
        record = RecordDict({"metrics": MetricRecord({"num-examples": 1 + i % 8})})
        record["arrays"] = ArrayRecord({"weights": Array(drawn[i : i + numbers])})
        records.append(record)
    return {"baseBytes": base}


def aggregate(_):
    began, cpu = time.perf_counter(), time.process_time()
    aggregate_arrayrecords(records, "num-examples")
    seconds, cpu = time.perf_counter() - began, time.process_time() - cpu
    unit = 1 if sys.platform == "darwin" else 1024
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit
    return {"seconds": seconds, "cpuSeconds": cpu, "peakBytes": peak}


TASKS = {"open": open_updates, "sum": aggregate}

serve(lambda request: TASKS[request["do"]](request))
