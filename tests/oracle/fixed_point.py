"""Exact arithmetic: decimals of a stated scale, rounded half away from zero, never a float."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import ROUND_HALF_UP, Context, Decimal

_EXACT = Context(prec=80, rounding=ROUND_HALF_UP)
_MONEY, _RATIO = Decimal("0.0001"), Decimal("0.0000000001")

ZERO = Decimal(0)
ONE = Decimal(1)


def money(amount: Decimal | int) -> Decimal:
    """Round to four decimals, half away from zero."""
    return _EXACT.quantize(Decimal(amount), _MONEY)


def times(amount: Decimal | int, factor: Decimal | int) -> Decimal:
    """``amount`` × ``factor``, rounded to four decimals."""
    return money(_EXACT.multiply(Decimal(amount), Decimal(factor)))


def part_of(amount: Decimal | int, over: Decimal | int, under: Decimal | int) -> Decimal:
    """``amount`` × ``over`` / ``under``, rounded once, to four decimals."""
    product = _EXACT.multiply(Decimal(amount), Decimal(over))
    return money(_EXACT.divide(product, Decimal(under)))


def ratio(over: Decimal | int, under: Decimal | int) -> Decimal:
    """``over`` / ``under``, rounded to ten decimals."""
    return _EXACT.quantize(_EXACT.divide(Decimal(over), Decimal(under)), _RATIO)


def split(amount: Decimal, shares: Mapping[str, Decimal], primary: str) -> dict[str, Decimal]:
    """Divide ``amount`` by ``shares``; ``primary`` takes what rounding leaves.

    The parts add up to ``amount`` exactly, also where the shares themselves do not reach one
    (thirds delivered as 0.3333).
    """
    parts = {key: times(amount, share) for key, share in shares.items()}
    parts[primary] += amount - sum(parts.values())
    return parts


def primary(shares: Mapping[str, Decimal]) -> str:
    """The key with the largest share; among equals the lowest."""
    return min(shares, key=lambda key: (-shares[key], key))
