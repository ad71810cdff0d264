"""Parts of the world -> the regions of the catalog that are known to lie there."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, Final, Protocol

_MEMBERS = "AUT BEL BGR CYP CZE DEU DNK ESP EST FIN FRA GRC HRV HUN IRL ITA LTU LUX LVA MLT NLD POL PRT ROU SVK SVN SWE"
_UNION: Final = _MEMBERS.split()
_EUROPE: Final = [*_UNION, "GBR", "CHE", "NOR", "ISL"]
_STATES: Final = ["USA", "US-"]
_CHINA: Final = ["CHN", "CN-"]
_EAST: Final = ["HKG", "JPN", "KOR", "IND", "SGP", "IDN", "MYS", "THA", "TWN", "PHL"]
_ASIA: Final = [*_CHINA, *_EAST, "ARE", "ISR", "SAU", "QAT", "BHR"]

# Words -> names of grids, or how they begin.
_WORDS: Final[dict[str, list[str]]] = {
    r"(?:the )?(?:eu|european union)(?:[- ]based)?|欧盟": _UNION,
    r"europe(?:an)?|欧洲": _EUROPE,
    r"(?:the )?(?:u\.?s\.?a|united states)|america|(?<=in the )us|us(?=[- ](?:based|only|regions?|data))|美国": _STATES,
    r"north america|北美": [*_STATES, "CAN"],
    r"(?:mainland )?china|中国(?:大陆|境内)?": _CHINA,
    r"asia|亚洲": _ASIA,
    r"(?:the )?(?:uk|united kingdom)|britain|england|英国": ["GBR"],
    r"hong kong|香港": ["HKG"],
    r"japan|日本": ["JPN"],
    r"(?:south )?korea|韩国": ["KOR"],
    r"india|印度(?!尼)": ["IND"],
    r"singapore|新加坡": ["SGP"],
    r"australia|澳大利亚|澳洲": ["AUS"],
    r"canada|加拿大": ["CAN"],
    r"brazil|巴西": ["BRA"],
    r"germany|德国": ["DEU"],
    r"france|法国": ["FRA"],
    r"(?:the )?netherlands|荷兰": ["NLD"],
    r"ireland|爱尔兰": ["IRL"],
    r"finland|芬兰": ["FIN"],
    r"sweden|瑞典": ["SWE"],
    r"norway|挪威": ["NOR"],
    r"switzerland|瑞士": ["CHE"],
    r"spain|西班牙": ["ESP"],
    r"italy|意大利": ["ITA"],
    r"poland|波兰": ["POL"],
    r"south africa|南非": ["ZAF"],
}
_ANY: Final = "|".join(f"(?P<w{i}>(?:{words})(?!(?<=[a-z])[a-z0-9]))" for i, words in enumerate(_WORDS))


class Lands(Protocol):
    """What places need of the catalog: its offers, and the grid of a provider's region."""

    @property
    def offers(self) -> Any: ...

    @property
    def grids(self) -> Any: ...


def place(text: str, at: int) -> tuple[int, list[str]] | None:
    """(end, grids) of a part of the world that starts at a place of the lowered sentence, or None."""
    match = re.compile(_ANY).match(text, at)
    if not match or not match.lastgroup:
        return None
    return match.end(), list(_WORDS.values())[int(match.lastgroup[1:])]


def regions(catalog: Lands, grids: Sequence[str]) -> tuple[str, ...]:
    """Regions of offers all of which lie there; those that no row of the catalog places are left out."""
    offers = catalog.offers
    inside: dict[str, bool] = {}
    for provider, region in sorted(set(zip(offers.provider.tolist(), offers.region.tolist(), strict=True))):
        name = offers.regions[region]
        grid = catalog.grids.find(offers.providers[provider], name).name
        here = any(grid == known or (known.endswith("-") and grid.startswith(known)) for known in grids)
        inside[name] = inside.get(name, True) and here
    return tuple(sorted(name for name, here in inside.items() if here))
