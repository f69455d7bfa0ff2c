#!/usr/bin/env bash
# dp-accounting 0.6.0: the RDP of a Poisson-sampled Gaussian is too high at fractional orders, and right at whole ones. Expected: the
# Rényi divergence at every order, as the integral that defines it gives it. Seen with q = 0.1, noise 1: 0.0238533 at order 2.5 where the
# integral is 0.0235037 (1.5 % less), infinity at 1.5 where it is 0.0117346; at 2, 3 and 5 equal to ten digits. Over 100 rounds at
# δ = 1e-5 the default orders give ε = 7.9039, the integral at the same orders 7.8993. The privacy that it promises holds; it costs a
# little noise, and another implementation agrees with it to 0.1 % only where a whole order is the best one. Fails when that changes.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv python
python/bin/pip install --quiet --disable-pip-version-check dp-accounting==0.6.0 numpy==2.4.6
cat > run.py <<'PY'
import sys

import dp_accounting as dp
import numpy as np
from dp_accounting.rdp import RdpAccountant
from dp_accounting.rdp.rdp_privacy_accountant import compute_epsilon

Q, NOISE, ROUNDS, DELTA = 0.1, 1.0, 100, 1e-5
EVENT = dp.PoissonSampledDpEvent(Q, dp.GaussianDpEvent(NOISE))


def by_library(order):
    one = RdpAccountant(orders=[order])
    one.compose(EVENT)
    return float(one._rdp[0])


def by_integral(order):
    """ln of the mean of (1 - q + q L)^order under N(0, noise^2), by the trapezoid rule."""
    x = np.linspace(-20 * NOISE, order + 20 * NOISE, 400_001)
    ratio = (2 * x - 1) / (2 * NOISE**2)
    logs = order * np.log1p(Q * np.expm1(ratio)) - x**2 / (2 * NOISE**2)
    mean = np.trapezoid(np.exp(logs), x) / (NOISE * np.sqrt(2 * np.pi))
    return float(np.log(mean)) / (order - 1)


for order in [1.5, 2, 2.5, 3, 5]:
    print(f"order {order}: dp-accounting {by_library(order):.7f}, integral {by_integral(order):.7f}")
orders = [1 + k / 10 for k in range(1, 100)]
whole = RdpAccountant()
whole.compose(EVENT, ROUNDS)
theirs = whole.get_epsilon(DELTA)
exact = compute_epsilon(orders, [ROUNDS * by_integral(order) for order in orders], DELTA)[0]
print(f"epsilon of {ROUNDS} rounds: dp-accounting {theirs:.4f}, integral {exact:.4f}")
is_so = (
    np.isinf(by_library(1.5))
    and by_library(2.5) > 1.01 * by_integral(2.5)
    and all(abs(by_library(k) / by_integral(k) - 1) < 1e-9 for k in (2, 3, 5))
    and 7.903 < theirs < 7.905
    and 7.899 < exact < 7.900
)
sys.exit(0 if is_so else 1)
PY
python/bin/python run.py 2> errors.txt || { cat errors.txt; exit 1; }
