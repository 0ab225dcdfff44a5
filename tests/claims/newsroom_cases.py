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


NEWSROOM = {"rosario": rosario, "dakar": dakar}
