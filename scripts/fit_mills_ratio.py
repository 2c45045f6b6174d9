"""Prints the coefficients of mills() in cgo/shim/mixture_math.h and the error of the fit (pip install mpmath).

Mills' ratio R(x) = (1 - Phi(x)) / phi(x) falls from 1.25 at 0 to 1/x. With t = 4 / (4 + x) the quotient R/t is smooth on
0 <= t <= 1, so a polynomial through its values at the Chebyshev nodes is nearly the best one.
"""
import mpmath as mp

mp.mp.dps = 40
SHIFT, DEGREE = 4, 9


def quotient(t):
    x = SHIFT / t - SHIFT
    if x > 100:  # the asymptotic series; its tenth term is below 1e-32
        ratio = sum((-1) ** n * mp.fac2(2 * n - 1) / x ** (2 * n + 1) for n in range(10))
    else:
        ratio = mp.sqrt(mp.pi / 2) * mp.exp(x * x / 2) * mp.erfc(x / mp.sqrt(2))
    return ratio / t


nodes = [(1 + mp.cos(mp.pi * (2 * k + 1) / (2 * DEGREE + 2))) / 2 for k in range(DEGREE + 1)]
powers = mp.matrix([[t**j for j in range(DEGREE + 1)] for t in nodes])
coefficients = mp.lu_solve(powers, mp.matrix([quotient(t) for t in nodes]))
error = max(
    abs(sum(c * t**j for j, c in enumerate(coefficients)) / quotient(t) - 1)
    for t in (mp.mpf(i) / 2000 for i in range(1, 2001))
)
for power, c in reversed(list(enumerate(coefficients))):
    print(f"t^{power}  {mp.nstr(c, 10)}")
print(f"largest relative error {mp.nstr(error, 3)}")
