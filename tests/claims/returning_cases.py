"""Five made-up cases in which accounts come back in two rounds; known by how they are built."""

from functools import cache

from case_building import moment, source, spread


@cache
def lima():
    """4,800 fall in twenty minutes: 4,000 of the 16,000 followers of @alcaldesa, 120 of the 6,000
    of @gremio; 1,200 are back on the next morning, 1,200 more on the third day."""
    zone = "America/Lima"
    return source(
        zone=zone, onset=moment(zone, 2021, 4, 12, 21, 40), lasts=1200,
        names=("alcaldesa", "gremio"), followers=(16000, 6000), strangers=18000,
        hit=(4000, 120, 680), quiet=3,
        back=((moment(zone, 2021, 4, 13, 7), (1000, 0, 200)),
              (moment(zone, 2021, 4, 15, 10), (1000, 30, 170))),
        others={"canciller": lambda hour: 88000 if hour <= 0 else 12 if hour < 6 else 61000},
    )  # fmt: skip


@cache
def beirut():
    """950 fall in six minutes before dawn: 600 of the 3,000 followers of @nahr, 300 of the 2,000 of
    @wadi; 190 are back in the evening, 380 more on the next morning. @sawt gains 4,000."""
    zone = "Asia/Beirut"
    return source(
        zone=zone, onset=moment(zone, 2022, 9, 5, 4, 15), lasts=360,
        names=("nahr", "wadi"), followers=(3000, 2000), strangers=5000, hit=(600, 300, 50), quiet=1,
        back=((moment(zone, 2022, 9, 5, 18), (120, 60, 10)),
              (moment(zone, 2022, 9, 6, 9), (240, 120, 20))),
        others={"wazir": lambda hour: 40000 if hour <= 0 else 150 if hour < 3 else 30000,
                "sawt": spread(5000, 9000, -3, 8)},
    )  # fmt: skip


@cache
def bogota():
    """3,000 fall in fifteen minutes at night: 2,400 of the 12,000 followers of @gobernadora, 100 of
    the 5,000 of @sindicato; 750 are back on the next morning, 450 on the third day. @fiscal stands
    at 9 for three hours, @alcalde gains 1,400."""
    zone = "America/Bogota"
    return source(
        zone=zone, onset=moment(zone, 2023, 6, 7, 20, 10), lasts=900,
        names=("gobernadora", "sindicato"), followers=(12000, 5000), strangers=20000,
        hit=(2400, 100, 500), quiet=2,
        back=((moment(zone, 2023, 6, 8, 6, 30), (600, 20, 130)),
              (moment(zone, 2023, 6, 10, 15), (300, 0, 150))),
        others={"fiscal": lambda hour: 45000 if hour <= 0 else 9 if hour < 3 else 30000,
                "alcalde": spread(7000, 8400, -2, 3)},
    )  # fmt: skip


@cache
def oran():
    """2,000 fall in four minutes on a Sunday afternoon: 1,500 of the 5,000 of @wilaya, 250
    of the 2,500 of @jamiya; 100 are back at five o'clock, 400 more on the next morning."""
    zone = "Africa/Algiers"
    return source(
        zone=zone, onset=moment(zone, 2020, 2, 16, 13, 40), lasts=240,
        names=("wilaya", "jamiya"), followers=(5000, 2500), strangers=8000, hit=(1500, 250, 250),
        quiet=1,
        back=((moment(zone, 2020, 2, 16, 17), (90, 5, 5)),
              (moment(zone, 2020, 2, 17, 8), (300, 50, 50))),
        others={"naib": lambda hour: 20000 if hour <= 0 else 3 if hour < 2 else 16000,
                "sahafi": spread(2000, 3000, -4, 6)},
    )  # fmt: skip


@cache
def murcia():
    """2,400 fall in twelve minutes in the evening: 1,800 of the 10,000 of @ayuntamiento, 80 of the
    4,000 of @bomberas; 480 are back on the next morning, 720 more on the third day."""
    zone = "Europe/Madrid"
    return source(
        zone=zone, onset=moment(zone, 2024, 5, 14, 19, 5), lasts=720,
        names=("ayuntamiento", "bomberas"), followers=(10000, 4000), strangers=15000,
        hit=(1800, 80, 520), quiet=1,
        back=((moment(zone, 2024, 5, 15, 8), (360, 16, 104)),
              (moment(zone, 2024, 5, 17, 11), (540, 24, 156))),
        others={"alcaldesa": lambda hour: 50000 if hour <= 0 else 20 if hour < 5 else 41000,
                "ministro": spread(6000, 8000, -3, 6)},
    )  # fmt: skip


RETURNING = {"lima": lima, "beirut": beirut, "bogota": bogota, "oran": oran}
