"""dp_accounting's RDP and PLD accountants. Speaks JSON lines (peer-process.ts)."""

import time

from peer_program import serve  # isort: skip

import dp_accounting as dp  # noqa: E402
from dp_accounting.pld import PLDAccountant  # noqa: E402
from dp_accounting.rdp import RdpAccountant  # noqa: E402


def event_of(mechanism):
    gaussian = dp.GaussianDpEvent(mechanism["noise"])
    if mechanism["kind"] == "gaussian":
        return gaussian
    if mechanism["kind"] == "poisson":
        return dp.PoissonSampledDpEvent(mechanism["sampling"], gaussian)
    return dp.SampledWithoutReplacementDpEvent(mechanism["population"], mechanism["sample"], gaussian)


def epsilon_of(name, setting, orders):
    mechanism = setting["mechanism"]
    relation = dp.NeighboringRelation.ADD_OR_REMOVE_ONE
    if mechanism["kind"] == "fixed-size":
        relation = dp.NeighboringRelation.REPLACE_ONE
    if name == "rdp":
        one = RdpAccountant(orders, relation)
    else:
        one = PLDAccountant(relation)
    one.compose(event_of(mechanism), setting["times"])
    return float(one.get_epsilon(setting["delta"]))


def epsilons(request):
    began, cpu = time.perf_counter(), time.process_time()
    orders = request.get("orders")
    found = [epsilon_of(request["accountant"], setting, orders) for setting in request["settings"]]
    seconds, cpu = time.perf_counter() - began, time.process_time() - cpu
    return {"epsilons": found, "seconds": seconds, "cpuSeconds": cpu}

serve(epsilons)
