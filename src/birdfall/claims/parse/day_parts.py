"""Parts of the day and days of the week, by their tags."""

from __future__ import annotations

from birdfall.claims.parse.lexicon import Tag
from birdfall.model.units import DAY_S, HOUR_S

#: Hours of the parts of a day, generously: people do not agree where an evening begins.
DAY_PARTS = {
    Tag.DAWN: (0.0, 6 * HOUR_S),
    Tag.MORNING: (4 * HOUR_S, 12 * HOUR_S),
    Tag.MIDDAY: (11 * HOUR_S, 15 * HOUR_S),
    Tag.AFTERNOON: (12 * HOUR_S, 20 * HOUR_S),
    Tag.EVENING: (16 * HOUR_S, DAY_S),
    Tag.NIGHT: (16 * HOUR_S, DAY_S + 6 * HOUR_S),
}
WEEKDAYS = (
    Tag.MONDAY,
    Tag.TUESDAY,
    Tag.WEDNESDAY,
    Tag.THURSDAY,
    Tag.FRIDAY,
    Tag.SATURDAY,
    Tag.SUNDAY,
)
#: Days before the day on which a sentence was said.
DAYS_AGO = {Tag.DAY_BEFORE_YESTERDAY: 2, Tag.YESTERDAY: 1}
#: Parts of a day that make an hour of the clock a later one: 9 in the evening is 21.
LATE_PARTS = (Tag.MIDDAY, Tag.AFTERNOON, Tag.EVENING, Tag.NIGHT)
