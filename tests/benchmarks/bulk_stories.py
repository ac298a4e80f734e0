"""What happens to each customer of a benchmark studio, and when: invented, the same for the same seed."""

import random
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from pipeline.records import Person, Plan, Role

YEAR_DAYS = 365.0
MOST_MADE = 7
PEOPLE = (
    Person(name="Maya Lindqvist", team="support"),
    Person(name="Tom Okafor", team="support", roles=frozenset({Role.VIEW, Role.MAKE, Role.APPROVE})),
    Person(name="Ines Duarte", team="support", roles=frozenset({Role.VIEW, Role.MAKE, Role.APPROVE})),
    Person(name="Jonas Weiß", team="product"),
    Person(name="Aiko Tanaka", team="product"),
    Person(name="Sara Haddad", team="marketing", roles=frozenset({Role.VIEW, Role.MAKE})),
    Person(name="Pavel Novák", team="support", roles=frozenset({Role.VIEW, Role.MAKE, Role.APPROVE})),
)
FIRST = ("Anna", "Luis", "Chloé", "Mehmet", "Ines", "Oskar", "Yuki", "Farah", "Petra", "Noah", "Zoë", "Ravi", "Elif", "Marta", "Ben", "Åsa", "Ivan")
LAST = ("Weber", "García", "Okonkwo", "Larsen", "Haddad", "Kowalski", "Tanaka", "Moreau", "Rossi", "Nguyen", "O’Brien", "Schmidt", "Silva", "Novák")
ODD = ("نور وليلى", "דנה ויואב", "💍 Mia & Leo 💍", "<script>alert('hi')</script>", "Robert'); DROP TABLE cases;--", "長谷川 さくら & 健")


class What(StrEnum):
    """One thing that happens."""

    OPEN = "open"
    PHOTO = "photo"
    AVATAR = "avatar"
    AGAIN = "again"
    CLIP = "clip"
    APPROVE = "approve"
    REJECT = "reject"
    WITHDRAW = "withdraw"
    REMOVE = "remove"
    STAR = "star"


class Outcome(StrEnum):
    """How a paid request ends."""

    MADE = "made"
    FAILED = "failed"
    FLAGGED = "flagged"
    CANCELLED = "cancelled"
    LOST = "lost"


FILES = {What.AVATAR: 2, What.CLIP: 3}


@dataclass(frozen=True, kw_only=True)
class Customer:
    """Whose case it is."""

    case: str
    owner: str
    name: str
    plan: Plan
    by: Person


@dataclass(frozen=True, kw_only=True)
class Step:
    """One thing that happens to one customer, done by somebody."""

    at: datetime
    customer: Customer
    what: What
    by: Person
    outcome: Outcome = Outcome.MADE


class Story:
    """One customer's steps as they come to be invented, and what that leaves them with."""

    def __init__(self, customer: Customer, began: datetime) -> None:
        self.customer, self.steps, self.at = customer, [], began
        self.steps: list[Step]
        self.made, self.files = 0, 0
        self.unjudged: What | None = None
        self.has_avatar = self.has_clip = self.asked = False
        self.tell(What.OPEN)

    def tell(self, what: What, by: Person | None = None, outcome: Outcome = Outcome.MADE, *, after_minutes: float = 2.0) -> None:
        self.at += timedelta(minutes=after_minutes)
        self.steps.append(Step(at=self.at, customer=self.customer, what=what, by=by or self.customer.by, outcome=outcome))


def invent(cases: int, files: int, until: datetime, random_: random.Random) -> list[Step]:
    """Return every step of so many customers that together leave about `files` files, in the order of time."""
    if files > cases * 12:
        raise ValueError("At most twelve files a case: eight attempts are allowed.")
    stories = [_begin(number, until, random_) for number in range(cases)]
    able = [story for story in stories if story.customer.plan is Plan.PREMIUM]
    left = files - sum(story.files for story in able)
    while left > 0:
        story = able[min(int(random_.expovariate(3) * len(able)), len(able) - 1)]
        if story.made >= MOST_MADE:
            story = random_.choice(able)
        left -= _go_on(story, random_) if story.made < MOST_MADE else 0
    return sorted((step for story in stories for step in _before(story, until)), key=lambda step: step.at)


def _begin(number: int, until: datetime, random_: random.Random) -> Story:
    name = f"{random_.choice(FIRST)} & {random_.choice(FIRST)} {random_.choice(LAST)}" if number % 400 else ODD[number // 400 % len(ODD)]
    plan = Plan.FREE if number % 11 == 5 else Plan.PREMIUM
    owner = f"owner-{number - number % 10 // 9:06d}"
    customer = Customer(case=f"inv-{number:06d}", owner=owner, name=name, plan=plan, by=random_.choice(PEOPLE))
    story = Story(customer, until - timedelta(days=random_.random() * YEAR_DAYS))
    if plan is Plan.PREMIUM:
        story.tell(What.PHOTO)
        story.files = 2
    return story


def _go_on(story: Story, random_: random.Random) -> int:
    """Let somebody judge what waits, then ask for one more; return how many files that adds."""
    if story.unjudged:
        _judge(story, random_)
    if random_.random() < 0.02:
        story.tell(What.PHOTO, after_minutes=random_.expovariate(1 / 2000))
        story.has_avatar = story.has_clip = False
        story.unjudged, story.asked, more = None, False, 2
    else:
        more = _ask(story, random_)
    story.files += more
    return more


def _judge(story: Story, random_: random.Random) -> None:
    chance = random_.random()
    what = What.APPROVE if chance < 0.62 else What.REJECT if chance < 0.85 else What.STAR
    story.tell(what, random_.choice(PEOPLE), after_minutes=random_.expovariate(1 / 60))
    if what is What.APPROVE and story.unjudged is What.AVATAR:
        story.has_avatar, story.has_clip = True, False
    if what is What.REJECT and chance > 0.80:
        story.tell(What.REMOVE, random_.choice(PEOPLE), after_minutes=5)
        story.asked = False
    elif what is What.APPROVE and chance < 0.015:
        story.tell(What.WITHDRAW, random_.choice(PEOPLE), after_minutes=600)
        story.has_avatar = story.has_avatar and story.unjudged is What.CLIP
    story.unjudged = None


def _ask(story: Story, random_: random.Random) -> int:
    by, minutes = random_.choice([story.customer.by, random_.choice(PEOPLE)]), random_.expovariate(1 / 300)
    if story.asked and random_.random() < 0.05:
        story.tell(What.AGAIN, by, after_minutes=minutes)
        return 0
    what = What.CLIP if story.has_avatar and random_.random() < 0.45 else What.AVATAR
    outcome = random_.choices(list(Outcome), (86, 8, 2, 3.96, 0.04))[0]
    story.tell(what, by, outcome, after_minutes=minutes)
    if outcome is not Outcome.MADE:
        return 0
    story.made, story.unjudged = story.made + 1, what
    story.asked = story.asked or what is What.AVATAR
    return FILES[what]


def _before(story: Story, until: datetime) -> Sequence[Step]:
    """Move a story that would reach into the future back as a whole."""
    late = max(story.at - until + timedelta(minutes=10), timedelta())
    return [replace(step, at=step.at - late) for step in story.steps]
