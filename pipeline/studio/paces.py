"""How long requests take, what a unit costs over time, and what likeness and approval the money buys."""

from dataclasses import dataclass

from pipeline.studio.costs import Slice, condition, model_names
from pipeline.studio.place import Place
from pipeline.studio.spending import start_of

MEASURED = 5_000  # likeness is looked at for the newest so many pictures of a slice
PUT_RIGHT = "(SELECT sum(a.charged_micro_usd) FROM costs a WHERE a.call_id = {}.call_id AND a.outcome = 'adjusted')"
LOOKED_AT = ("model", "style", "person", "kind", "feature")


@dataclass(frozen=True, kw_only=True)
class Pace:
    """Seconds from sending to the end, by model: the median, and what nineteen of twenty stay under."""

    model: str
    requests: int
    typical_seconds: float
    slow_seconds: float


@dataclass(frozen=True, kw_only=True)
class UnitPrice:
    """What was charged for units of a model in a day, week or month (its first day): micro-dollars and millionths of units."""

    day: str
    model: str
    unit: str
    charged_micro_usd: int
    micro_units: int

    @property
    def micro_usd(self) -> float:
        """Micro-dollars for one unit, as it was charged."""
        return self.charged_micro_usd * 1_000_000 / self.micro_units


@dataclass(frozen=True, kw_only=True)
class Worth:
    """What pictures of one model or style cost, how alike they are and how many were approved.

    `likeness` is the mean of 1 - distance of the least alike face, cut to 0..1; None where nothing could be measured.
    """

    name: str
    pictures: int
    charged_micro_usd: int
    likeness: float | None
    approved: int

    @property
    def per_picture_micro_usd(self) -> float:
        """Micro-dollars for a picture, whether approved or not."""
        return self.charged_micro_usd / self.pictures


def paces(place: Place, looked_at: Slice) -> tuple[Pace, ...]:
    """Return how long requests of each model took, the slowest model first; raises BadParameter."""
    where, values = condition(place, looked_at)
    query = f"""SELECT endpoint, n, min(seconds) AS typical, max(seconds) AS slow FROM (
            SELECT endpoint, seconds, row_number() OVER each AS at, count(*) OVER (PARTITION BY endpoint) AS n FROM costs
            WHERE seconds IS NOT NULL AND {where} WINDOW each AS (PARTITION BY endpoint ORDER BY seconds))
        WHERE at IN ((n + 1) / 2, (n * 95 + 99) / 100) GROUP BY endpoint"""  # noqa: S608
    names = model_names(place)
    with place.database.reading() as db:
        rows = db.execute(query, values).fetchall()
    found = [
        Pace(model=names.get(row["endpoint"], row["endpoint"]), requests=row["n"], typical_seconds=row["typical"], slow_seconds=row["slow"])
        for row in rows
    ]
    return tuple(sorted(found, key=lambda pace: (-pace.typical_seconds, pace.model)))


def unit_prices(place: Place, looked_at: Slice, *, grain: str = "day") -> tuple[UnitPrice, ...]:
    """Return what a unit of each model cost over time, oldest first; charges of no units are left out.

    What a bill put right counts with the units it was for, whatever day that was booked for. Raises BadParameter.
    """
    where, values = condition(place, looked_at)
    query = f"""SELECT for_day, endpoint, max(unit) AS unit, sum(charged_micro_usd) AS charged, sum(micro_units) AS units FROM costs
        WHERE micro_units > 0 AND {where} GROUP BY for_day, endpoint, unit
        UNION ALL SELECT for_day, endpoint, unit, {PUT_RIGHT.format("costs")}, 0 FROM costs
        WHERE micro_units > 0 AND id IN (SELECT call_id FROM costs WHERE outcome = 'adjusted') AND {where}"""  # noqa: S608
    names, sums = model_names(place), dict[tuple[str, str, str], list[int]]()
    with place.database.reading() as db:
        for row in db.execute(query, (*values, *values)):
            kept = sums.setdefault((start_of(row["for_day"], grain), names.get(row["endpoint"], row["endpoint"]), row["unit"]), [0, 0])
            kept[0] += row["charged"]
            kept[1] += row["units"]
    return tuple(
        UnitPrice(day=day, model=model, unit=unit, charged_micro_usd=charged, micro_units=units)
        for (day, model, unit), (charged, units) in sorted(sums.items())
    )


def worth(place: Place, looked_at: Slice, by: str = "model") -> tuple[Worth, ...]:
    """Return cost, likeness and approval of the newest 5,000 pictures of a slice by model, style, person, kind or feature, the dearest first.

    Raises BadParameter.
    """
    column = {"model": "endpoint"}.get(by, by if by in LOOKED_AT else "endpoint")
    where, values = condition(place, looked_at)
    query = f"""SELECT c.name, count(*) AS pictures, sum(c.charged_micro_usd) + coalesce(sum({PUT_RIGHT.format("c")}), 0) AS charged,
            sum(c.verdict = 'approved') AS approved,
            avg((SELECT min(max(1 - max(l.distance), 0), 1) FROM assets a JOIN likeness l ON l.scope = a.scope AND l.asset = a.sha256
                WHERE a.call_id = c.call_id AND l.distance IS NOT NULL)) AS likeness
        FROM (SELECT {column} AS name, call_id, charged_micro_usd, verdict FROM costs
            WHERE outcome = 'succeeded' AND {where} ORDER BY for_day DESC, id DESC LIMIT {MEASURED}) c GROUP BY c.name"""  # noqa: S608
    names = model_names(place)
    with place.database.reading() as db:
        rows = db.execute(query, values).fetchall()
    found = [
        Worth(
            name=names.get(row["name"], row["name"]),
            pictures=row["pictures"],
            charged_micro_usd=row["charged"],
            likeness=row["likeness"],
            approved=row["approved"],
        )
        for row in rows
    ]
    return tuple(sorted(found, key=lambda one: (-one.per_picture_micro_usd, one.name)))
