"""Names of companies and people that exist nowhere."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random

PLACES = (
    "Amberwick", "Ashgrove", "Bellwether", "Birchmere", "Bramblegate", "Brightwater", "Brindlewood", "Cedarfall",
    "Cloudberry", "Copperhill", "Cranebrook", "Dapplefield", "Dewmere", "Driftmark", "Eldermead", "Emberlane",
    "Fennimore", "Fernhollow", "Foxglove", "Frostmere", "Gorsebank", "Greywillow", "Harebell", "Hazelworth",
    "Heronsgate", "Hollowmere", "Inkwater", "Ivyholt", "Juniper Row", "Kestrelmoor", "Kingfisher Quay", "Lanternhill",
    "Larkfield", "Lindenhall", "Longbarrow", "Marshlight", "Meadowsweet", "Millstone", "Mistlewick", "Mossbank",
    "Nettlecombe", "Nightingale", "Oakenshore", "Osprey Point", "Otterbrook", "Pebblestow", "Pinecroft",
    "Plumtree", "Quartzfield", "Quillmark", "Ravenstone", "Reedmere", "Rowanside", "Saltmarsh", "Silverbirch",
    "Skylark", "Snowdrop", "Starling", "Stonecrop", "Sundew", "Swallowtail", "Tamarack", "Thistledown", "Thornmere",
    "Tidewater", "Umberfield", "Verbena", "Vinegate", "Waxwing", "Westerlow", "Whitethorn", "Wildrye", "Windhover",
    "Woodbine", "Wrenfield", "Yarrow", "Yewdale", "Zephyrine",
)  # fmt: skip
# Of small firms, any of the first with any of the second.
SMALL = (
    "Acorn", "Almond", "Apricot", "Bobbin", "Butter", "Button", "Candle", "Caraway", "Catkin", "Chalk",
    "Cherry", "Chimney", "Cinder", "Clover", "Cobble", "Conker", "Custard", "Dabble", "Damson", "Dimple", "Dumpling",
    "Ember", "Feather", "Fiddle", "Garlic", "Ginger", "Gravel", "Hopper", "Honey", "Jasper", "Kettle",
    "Lemon", "Linnet", "Magpie", "Marble", "Marigold", "Muffin", "Nutmeg", "Olive", "Paddle",
    "Parsley", "Pepper", "Pickle", "Plume", "Poppy", "Quaver", "Radish", "Ribbon", "Saddle", "Saffron", "Sorrel",
    "Spindle", "Sprocket", "Teasel", "Thimble", "Tinsel", "Toffee", "Treacle", "Tumble", "Turnip", "Velvet",
    "Walnut", "Whistle", "Yonder",
)  # fmt: skip
PLACED = ("fold", "garth", "nook", "wharf")
SMALL_PLACES = tuple(f"{first}{second}" for first in SMALL for second in PLACED)
TRADES = {
    "manufacturing": ("Castings", "Instruments", "Tooling", "Ceramics"),
    "retail": ("Outfitters", "Grocers", "Home", "Books"),
    "finance": ("Mutual", "Assurance", "Leasing", "Trust"),
    "health": ("Clinics", "Diagnostics", "Care", "Labs"),
    "software": ("Systems", "Data", "Cloud", "Studio"),
    "logistics": ("Freight", "Logistics", "Couriers", "Storage"),
}
FIRST = (
    "Ada", "Alba", "Amir", "Anouk", "Aron", "Bela", "Bruno", "Carla", "Cyrus", "Dina", "Edgar", "Elin", "Emil",
    "Farah", "Felix", "Greta", "Hugo", "Ida", "Imran", "Ines", "Iris", "Jonas", "Jun", "Kaya", "Lars", "Leila",
    "Lena", "Luca", "Maren", "Mateo", "Mika", "Nadia", "Nils", "Olga", "Omar", "Paul", "Petra", "Rana", "Rosa",
    "Sami", "Selma", "Tariq", "Tessa", "Theo", "Uma", "Vera", "Viktor", "Wanda", "Yara", "Zeno",
)  # fmt: skip
LAST = (
    "Alder", "Applegarth", "Aster", "Bayleaf", "Bilberry", "Bracken", "Briar", "Burdock", "Campion", "Chervil",
    "Clover", "Coltsfoot", "Cornflower", "Cowslip", "Crabapple", "Damson", "Dogwood", "Elderberry", "Fennel",
    "Figwort", "Gentian", "Goldenrod", "Hawthorne", "Hornbeam", "Hyssop", "Juniper", "Laurel", "Lovage", "Mallow",
    "Medlar", "Milkwort", "Mulberry", "Myrtle", "Oakley", "Pimpernel", "Primrose", "Quince", "Ragwort", "Rosehip",
    "Samphire", "Sorrel", "Speedwell", "Spruce", "Tansy", "Teasel", "Valerian", "Vetch", "Willowby", "Woodruff",
    "Yarrow",
)  # fmt: skip


def company_names(random: Random, places: Sequence[str] = PLACES) -> list[tuple[str, str]]:
    """(name, segment) of every company there can be, each once, shuffled."""
    names = [
        (f"{place} {trade}", segment) for place in places for segment, trades in TRADES.items() for trade in trades
    ]
    random.shuffle(names)
    return names


def place_of(name: str) -> str:
    """What a company's name begins with."""
    return name.rsplit(" ", 1)[0]


def domain_of(name: str) -> str:
    """A domain of its own below .example, which is reserved for examples: one that all shared would identify nobody."""
    word = "".join(letter if letter.isalnum() else "-" for letter in name.lower())
    return "-".join(part for part in word.split("-") if part) + ".example"


def person_name(random: Random) -> tuple[str, str]:
    """First and last name."""
    return random.choice(FIRST), random.choice(LAST)
