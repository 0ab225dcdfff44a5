"""Four made-up cases for Arabic sentences; their truth is how they are built."""

from functools import cache

from case_building import moment, source, spread


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


@cache
def tripoli():
    """4,000 fall in ten minutes on a Thursday afternoon: 3,600 of the 8,000 of @baladiya, 200 of
    the 5,000 of @nadi; 400 are back in the evening, 800 more on the next day. @nasser is at 40 for
    three hours, @sada gains 1,500."""
    zone = "Africa/Tripoli"
    return source(
        zone=zone, onset=moment(zone, 2023, 2, 9, 14, 20), lasts=600,
        names=("baladiya", "nadi"), followers=(8000, 5000), strangers=10000,
        hit=(3600, 200, 200), quiet=1,
        back=((moment(zone, 2023, 2, 9, 20), (360, 0, 40)),
              (moment(zone, 2023, 2, 10, 11), (720, 40, 40))),
        others={"nasser": lambda hour: 64000 if hour <= 0 else 40 if hour < 3 else 52000,
                "sada": spread(3000, 4500, -3, 5)},
    )  # fmt: skip


@cache
def salala():
    """2,400 fall in half an hour on a Tuesday morning: 1,500 of the 12,000 of @mudir, 500 of the
    2,000 of @ghurfa; 480 are back on the next morning, 720 more on Thursday. @amin stands at 15 for
    six hours, @bayan gains 2,000."""
    zone = "Asia/Muscat"
    return source(
        zone=zone, onset=moment(zone, 2024, 9, 17, 8, 30), lasts=1800,
        names=("mudir", "ghurfa"), followers=(12000, 2000), strangers=9000,
        hit=(1500, 500, 400), quiet=1,
        back=((moment(zone, 2024, 9, 18, 9), (300, 100, 80)),
              (moment(zone, 2024, 9, 19, 16), (450, 150, 120))),
        others={"amin": lambda hour: 90000 if hour <= 0 else 15 if hour < 6 else 72000,
                "bayan": spread(1000, 3000, -2, 6)},
    )  # fmt: skip


ARABIC = {"basra": basra, "sfax": sfax, "tripoli": tripoli, "salala": salala}
