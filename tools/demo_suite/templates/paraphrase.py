"""MRPC, QQP and STS-B: two texts that say the same, or not, or in part."""

from tools.demo_suite.templates.draw import Draw
from tools.demo_suite.templates.item import Item
from tools.demo_suite.templates.scenes import INDOORS, LOOKS, OUTDOORS, PEOPLE, SCENES
from tools.demo_suite.templates.words import DAYS, NUMBERS, TOWNS

FIRMS = (
    ("bank", "lender"),
    ("airline", "carrier"),
    ("newspaper", "daily"),
    ("railway", "train firm"),
    ("brewery", "beer maker"),
    ("shop chain", "retailer"),
)
PLANS = (  # each row says one thing in three ways
    ("cut {n} jobs", "reduce its staff by {n}", "lay off {n} workers"),
    ("hire {n} people", "take on {n} new workers", "add {n} jobs"),
    ("raise its prices", "charge more", "make prices higher"),
    ("build a new plant", "open another factory", "set up a new factory"),
    ("sell its trucks", "give up its trucks", "find a buyer for its trucks"),
    ("move its head office", "leave its offices", "find other offices"),
    ("pay back its debt", "settle its debt", "return borrowed money"),
    ("change its name", "take a new name", "be known by a new name"),
)
REPORTS = (
    "The {town} {firm} said on {day} that it would {plan} .",
    "On {day} , the {firm} in {town} announced plans to {plan} .",
    "The {firm} from {town} will {plan} , it said on {day} .",
)


def mrpc(draw: Draw, label: str) -> Item:
    """Returns two news sentences with their punctuation apart: `1` the same plan, `0` another plan of the same firm."""
    firm, town, day, number = draw.pick(FIRMS), draw.pick(TOWNS), draw.pick(DAYS), draw.pick(NUMBERS)
    plan = draw.pick(PLANS)
    if label == "1":
        first, second = draw.two(plan)
    else:
        first, second = draw.pick(plan), draw.pick(draw.other(PLANS, plan))

    def report(wording: str) -> str:
        plan = wording.format(n=number)
        return draw.pick(REPORTS).format(town=town, firm=draw.pick(firm), day=day, plan=plan)

    return Item((report(first), report(second)), label)


AIMS = (  # each row asks for one thing in three ways
    ("learn English", "improve my English", "speak better English"),
    ("lose weight", "get thinner", "shed a few pounds"),
    ("learn the guitar", "play the guitar well", "become a guitar player"),
    ("save money", "spend less money", "keep more of my money"),
    ("sleep better", "fall asleep faster", "get more sleep"),
    ("find a job", "get hired", "get a good job"),
    ("learn to cook", "cook good meals", "become a better cook"),
    ("learn to swim", "become a good swimmer", "swim well"),
    ("train my dog", "teach my dog tricks", "make my dog obey"),
    ("write a novel", "finish a novel", "become a novel writer"),
)
CIRCUMSTANCES = (
    *("at home", "in one month", "after work", "on my own", "this year", "as a student", "with little time"),
    *("in a small town", "before the summer", "during the winter", "without much effort", "with two small children"),
)
QUESTIONS = (
    "How can I {aim} {when}?",
    "What is the best way to {aim} {when}?",
    "How do I {aim} {when}?",
    "Is it easy to {aim} {when}?",
    "What should I do to {aim} {when}?",
)


def qqp(draw: Draw, label: str) -> Item:
    """Returns two questions: `1` with the same aim, `0` with another one; both in the same circumstance."""
    aim, when = draw.pick(AIMS), draw.pick(CIRCUMSTANCES)
    if label == "1":
        first, second = draw.two(aim)
    else:
        first, second = draw.pick(aim), draw.pick(draw.other(AIMS, aim))
    form, other_form = draw.two(QUESTIONS)
    return Item((form.format(aim=first, when=when), other_form.format(aim=second, when=when)), label)


def stsb(draw: Draw, label: str) -> Item:
    """Returns two captions that share `label` (`0` to `5`) fifths of a scene; the score lies around that number."""
    degree = int(label)
    person, look, place = draw.pick(PEOPLE)[0], draw.pick(LOOKS), draw.pick(OUTDOORS + INDOORS)
    scene = draw.pick(SCENES)
    action, kind = scene.action, scene.kind
    near = draw.pick([other.action for other in SCENES if other.kind == kind and other != scene])
    far = draw.pick([other.action for other in SCENES if other.kind != kind])
    someone = draw.other([words[0] for words in PEOPLE], person)
    elsewhere = draw.other(OUTDOORS + INDOORS, place)
    second = draw.pick(
        {
            5: (f"A {person} who is {look} is {action} {place}.", f"There is a {look} {person} {action} {place}."),
            4: (f"A {person} is {action} {place}.", f"A {look} {person} is {kind} {place}."),
            3: (f"A {person} is {near} {place}.", f"A {look} {person} is {action} {elsewhere}."),
            2: (f"A {someone} is {action} {elsewhere}.", f"A {someone} is {near} {place}."),
            1: (f"A {person} is {far} {elsewhere}.", f"A {someone} is {far} {place}."),
            0: (f"A {draw.other(LOOKS, look)} {someone} is {far} {elsewhere}.",),
        }[degree]
    )
    score = min(5.0, max(0.0, degree + draw.pick((-0.2, 0.0, 0.2))))
    return Item((f"A {look} {person} is {action} {place}.", second), f"{score:.3f}")
