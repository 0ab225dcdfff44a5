"""Made-up cases for sentences as newspapers write them; known by how they are built."""

from functools import cache

from returning_cases import moment, source, spread


@cache
def rosario():
    """5,400 fall in half an hour on a Friday night: 4,500 of the 18,000 followers of @intendenta,
    90 of the 9,000 of @cooperativa; 1,080 are back the next morning, 1,080 more on the Monday."""
    zone = "America/Argentina/Buenos_Aires"
    return source(
        zone=zone, onset=moment(zone, 2022, 10, 14, 22, 15), lasts=1800,
        names=("intendenta", "cooperativa"), followers=(18000, 9000), strangers=24000,
        hit=(4500, 90, 810), quiet=2,
        back=((moment(zone, 2022, 10, 15, 8), (810, 9, 261)),
              (moment(zone, 2022, 10, 17, 11), (720, 18, 342))),
        others={"senador": lambda hour: 64000 if hour <= 0 else 25 if hour < 4 else 52000,
                "diputada": spread(11000, 12500, -3, 6)},
    )  # fmt: skip


@cache
def dakar():
    """1,600 fall in eight minutes on a Wednesday morning: 1,280 of the 8,000 of @mairie, 40 of the
    4,000 of @lutteurs; 160 are back that evening, 320 more on the next morning."""
    zone = "Africa/Dakar"
    return source(
        zone=zone, onset=moment(zone, 2023, 3, 22, 6, 20), lasts=480,
        names=("mairie", "lutteurs"), followers=(8000, 4000), strangers=9000, hit=(1280, 40, 280),
        quiet=1,
        back=((moment(zone, 2023, 3, 22, 19), (128, 0, 32)),
              (moment(zone, 2023, 3, 23, 10), (256, 8, 56))),
        others={"ministre": lambda hour: 27000 if hour <= 0 else 4 if hour < 3 else 21500,
                "chanteuse": spread(3000, 4500, -3, 6)},
    )  # fmt: skip


@cache
def leeds():
    """3,200 fall in ten minutes on a Monday: 2,400 of the 20,000 followers of @council, 400 of the
    8,000 of @rovers; 640 are back that evening, 800 more on the Wednesday."""
    zone = "Europe/London"
    return source(
        zone=zone, onset=moment(zone, 2023, 11, 6, 13, 30), lasts=600,
        names=("council", "rovers"), followers=(20000, 8000), strangers=15000,
        hit=(2400, 400, 400), quiet=2,
        back=((moment(zone, 2023, 11, 6, 20), (480, 80, 80)),
              (moment(zone, 2023, 11, 8, 9), (600, 100, 100))),
        others={"mp": lambda hour: 80000 if hour <= 0 else 300 if hour < 5 else 74000,
                "singer": spread(30000, 36000, -3, 6)},
    )  # fmt: skip


@cache
def quilpue():
    """960 fall in two minutes before dawn on a Sunday: 600 of the 2,400 followers of @alcalde, 240
    of the 1,200 of @bomberos; 480 are back at noon, 192 more on the next morning."""
    zone = "America/Santiago"
    return source(
        zone=zone, onset=moment(zone, 2024, 6, 9, 3, 5), lasts=120,
        names=("alcalde", "bomberos"), followers=(2400, 1200), strangers=6000,
        hit=(600, 240, 120), quiet=1,
        back=((moment(zone, 2024, 6, 9, 12), (300, 120, 60)),
              (moment(zone, 2024, 6, 10, 8), (120, 48, 24))),
        others={"ministra": lambda hour: 15000 if hour <= 0 else 7 if hour < 2 else 14200,
                "actriz": spread(8000, 8800, -3, 6)},
    )  # fmt: skip


@cache
def viseu():
    """7,500 fall in 25 minutes on a Thursday evening: 6,000 of the 30,000 followers of @camara, 150
    of the 15,000 of @coro; 1,875 are back the next morning, 750 more on the Sunday."""
    zone = "Europe/Lisbon"
    return source(
        zone=zone, onset=moment(zone, 2024, 1, 18, 18, 40), lasts=1500,
        names=("camara", "coro"), followers=(30000, 15000), strangers=20000,
        hit=(6000, 150, 1350), quiet=2,
        back=((moment(zone, 2024, 1, 19, 9), (1500, 30, 345)),
              (moment(zone, 2024, 1, 21, 16), (600, 15, 135))),
        others={"ministro": lambda hour: 120000 if hour <= 0 else 900 if hour < 6 else 101000,
                "banda": spread(9000, 10800, -3, 6)},
    )  # fmt: skip


@cache
def nantes():
    """420 fall in three minutes just before midnight on a Saturday: 350 of the 1,400 followers of
    @metropole, 14 of the 700 of @canaris; 126 are back the next morning, 42 more on Tuesday."""
    zone = "Europe/Paris"
    return source(
        zone=zone, onset=moment(zone, 2024, 5, 4, 23, 50), lasts=180,
        names=("metropole", "canaris"), followers=(1400, 700), strangers=4000,
        hit=(350, 14, 56), quiet=1,
        back=((moment(zone, 2024, 5, 5, 11), (105, 7, 14)),
              (moment(zone, 2024, 5, 7, 15), (35, 0, 7))),
        others={"depute": lambda hour: 5600 if hour <= 0 else 2 if hour < 2 else 5100,
                "chorale": spread(400, 520, -3, 6)},
    )  # fmt: skip


@cache
def graz():
    """1,250 fall in five minutes on a Tuesday afternoon: 750 of the 5,000 followers of @theatre,
    240 of the 3,000 of @museum; 125 are back that evening, 500 more on the next day."""
    zone = "Europe/Vienna"
    return source(
        zone=zone, onset=moment(zone, 2023, 9, 12, 15, 25), lasts=300,
        names=("theatre", "museum"), followers=(5000, 3000), strangers=6000,
        hit=(750, 240, 260), quiet=1,
        back=((moment(zone, 2023, 9, 12, 20), (75, 20, 30)),
              (moment(zone, 2023, 9, 13, 10), (300, 100, 100))),
        others={"critic": lambda hour: 45000 if hour <= 0 else 60 if hour < 4 else 39000,
                "poet": spread(2000, 2600, -3, 6)},
    )  # fmt: skip


@cache
def izmir():
    """2,000 fall in twenty minutes on a Friday morning: 1,400 of the 7,000 followers of @liman, 60
    of the 2,000 of @dergi; 400 are back that evening, 500 more on the next day."""
    zone = "Europe/Istanbul"
    return source(
        zone=zone, onset=moment(zone, 2024, 3, 8, 11, 15), lasts=1200,
        names=("liman", "dergi"), followers=(7000, 2000), strangers=9000,
        hit=(1400, 60, 540), quiet=1,
        back=((moment(zone, 2024, 3, 8, 18), (280, 10, 110)),
              (moment(zone, 2024, 3, 9, 12), (350, 15, 135))),
        others={"vali": lambda hour: 60000 if hour <= 0 else 500 if hour < 3 else 55000,
                "yazar": spread(1000, 1500, -3, 6)},
    )  # fmt: skip


NEWSROOM = {
    case.__name__: case for case in (rosario, dakar, leeds, quilpue, viseu, nantes, graz, izmir)
}
