"""What the shop knows for certain."""

from datetime import date, timedelta

SHIPPING_EUR = {"DE": 4.90, "AT": 7.90, "FR": 9.90, "CH": 19.90}
DAYS = {"DE": 2, "AT": 3, "FR": 4, "CH": 6}
FREE_FROM_EUR = 80.0
RETURN_DAYS = 30


def shipping(country: str, goods: float) -> float:
    """Free within the European Union from 80 euros on."""
    return 0.0 if goods >= FREE_FROM_EUR and country != "CH" else SHIPPING_EUR[country]


def arrives(placed: date, country: str) -> date:
    """Working days from the day after; nobody delivers on a Sunday."""
    day = placed
    for _ in range(DAYS[country]):
        day += timedelta(days=2 if day.weekday() == 5 else 1)
    return day


def returnable(placed: date, asked: date, country: str) -> bool:
    """Thirty days from arrival."""
    return asked <= arrives(placed, country) + timedelta(days=RETURN_DAYS)
