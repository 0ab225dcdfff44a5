"""Two made-up cases for Arabic sentences; their truth is how they are built."""

from functools import cache

from returning_cases import moment, source, spread


@cache
def basra():
    """3,000 fall in eight minutes on a Sunday afternoon: 2,500 of the 6,000 followers of @muhafiz,
    300 of the 3,000 of @niqaba; 750 are back on the next morning, 300 more on the third day.
    @wazira stands at 25 for five hours, @hizb gains 3,000 in eight hours."""
    zone = "Asia/Baghdad"
    return source(
        zone=zone, onset=moment(zone, 2021, 10, 31, 16, 45), lasts=480,
        names=("muhafiz", "niqaba"), followers=(6000, 3000), strangers=9000,
        hit=(2500, 300, 200), quiet=1,
        back=((moment(zone, 2021, 11, 1, 9), (600, 40, 110)),
              (moment(zone, 2021, 11, 3, 12), (250, 10, 40))),
        others={"wazira": lambda hour: 48000 if hour <= 0 else 25 if hour < 5 else 31000,
                "hizb": spread(2000, 5000, -2, 6)},
    )  # fmt: skip


@cache
def sfax():
    """1,200 fall in three quarters of an hour late on a Saturday: 1,100 of the 10,000 followers of
    @rais, 25 of the 4,000 of @ittihad; 120 are back an hour after midnight, 480 more on Sunday
    afternoon. @wali stands at 300 for two hours, @qanat gains 200."""
    zone = "Africa/Tunis"
    return source(
        zone=zone, onset=moment(zone, 2022, 3, 12, 23, 0), lasts=2700,
        names=("rais", "ittihad"), followers=(10000, 4000), strangers=12000,
        hit=(1100, 25, 75), quiet=1,
        back=((moment(zone, 2022, 3, 13, 1), (100, 2, 18)),
              (moment(zone, 2022, 3, 13, 14), (440, 10, 30))),
        others={"wali": lambda hour: 7500 if hour <= 0 else 300 if hour < 2 else 6000,
                "qanat": spread(800, 1000, -5, 5)},
    )  # fmt: skip


ARABIC = {"basra": basra, "sfax": sfax}
