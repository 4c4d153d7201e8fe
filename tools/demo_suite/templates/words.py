"""Word lists that several tasks share, so that what one task teaches about a word serves the others."""

from tools.demo_suite.templates.draw import Draw

WOMEN = ("Anna", "Clara", "Emma", "Grace", "Iris", "Julia", "Laura", "Nora")
MEN = ("Adam", "Ben", "David", "Felix", "Henry", "Leo", "Martin", "Oscar")
SURNAMES = ("Hill", "Wood", "Stone", "Field", "Brook", "Marsh")
TOWNS = ("Norford", "Eastwick", "Millbrook", "Stonebury", "Lakeham", "Redhill")
DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday")
NUMBERS = ("200", "300", "400", "500", "700", "900")
MATERIALS = ("stone", "brick", "wood", "iron")


def full_name(draw: Draw) -> str:
    """Returns a first name and a surname."""
    return f"{draw.pick(WOMEN + MEN)} {draw.pick(SURNAMES)}"
