"""What invented jobs are made of."""

from __future__ import annotations

from typing import Final

from msgspec import Struct

from jobtracker_core.contract.posting import Place


def _split(words: str) -> tuple[str, ...]:
    return tuple(words.split())


LANGUAGES: Final = {"en": 55, "de": 25, "fr": 10, "es": 5, "nl": 5}
"""Of a hundred jobs."""

SYLLABLES: Final = {
    "en": _split("ing ter con pro ment tion able est der land ster well ock ridge age ber ton"),
    "de": _split("ver auf schaft ung lich keit bau werk stell ge heit kraft zeug los an über"),
    "fr": _split("eau ment tion eur ance iser re é pré con voir age ique elle ment ou di"),
    "es": _split("ción dad ero ar miento cón es ta lo pre ía dor ma ni ra ble al"),
    "nl": _split("ing heid lijk werk op aan ver schap baar oor uit ij kund ge maat stel"),
}

COMMON: Final = {
    "en": _split(
        "and the to of you with in experience we team work our python software data a for engineer"
        " skills will development support working management business senior project customer"
        " design cloud systems product build years knowledge strong quality java services"
        " communication testing java kubernetes agile sales marketing remote analysis security"
    ),
    "de": _split(
        "und die der du mit wir in für unser team erfahrung aufgaben entwicklung kenntnisse software"
        " zusammenarbeit projekte kunden daten python unternehmen arbeiten weiterentwicklung"
        " verantwortung gute bereich lösungen systeme homeoffice java qualität betreuung"
    ),
    "fr": _split(
        "et de la le vous les des équipe expérience nous projets données développement clients"
        " python gestion compétences solutions travail qualité logiciel entreprise poste"
    ),
    "es": _split(
        "y de la el en con experiencia equipo proyectos datos desarrollo python clientes gestión"
        " conocimientos empresa soluciones trabajo calidad software"
    ),
    "nl": _split(
        "en de het je met van een team ervaring wij ontwikkeling klanten werken data python"
        " projecten kennis software oplossingen kwaliteit"
    ),
}
"""The words that come most often, the most frequent first."""

ROLES: Final = {
    "en": (
        *("Software Engineer", "Data Engineer", "Data Scientist", "Product Manager", "Accountant"),
        *("Sales Manager", "Nurse", "Backend Developer", "Frontend Developer", "UX Designer"),
        *("DevOps Engineer", "Project Manager", "Business Analyst", "Support Specialist"),
        *("Security Engineer", "Mechanical Engineer", "Recruiter", "Python Developer"),
    ),
    "de": (
        *(
            "Softwareentwickler",
            "Dateningenieurin",
            "Projektleiter",
            "Buchhalter",
            "Pflegefachkraft",
        ),
        *("Systemadministrator", "Vertriebsmitarbeiter", "Elektroniker", "Produktmanagerin"),
        *("Python Entwickler", "Bauingenieur", "Sachbearbeiter", "Marketing Manager"),
    ),
    "fr": (
        "Développeur logiciel",
        "Ingénieur données",
        "Chef de projet",
        "Comptable",
        "Infirmière",
    ),
    "es": ("Desarrollador de software", "Ingeniera de datos", "Jefe de proyecto", "Contable"),
    "nl": (
        "Softwareontwikkelaar",
        "Data engineer",
        "Projectleider",
        "Boekhouder",
        "Verpleegkundige",
    ),
}

FOCUSES: Final = (
    *("Payments", "Platform", "Cloud", "Logistics", "Healthcare", "Python", "Java", "Mobile"),
    *("Machine Learning", "Embedded", "Retail", "Energy", "Automotive", "Infrastructure", "Growth"),
)

SKILLS: Final = (
    *("python", "java", "sql", "aws", "kubernetes", "docker", "react", "typescript", "go", "rust"),
    *("excel", "sap", "git", "linux", "terraform", "kafka", "spark", "scrum", "figma", "c++", "c#"),
    *("english", "german", "communication", "leadership", "negotiation", "accounting", "crm"),
)

CITIES: Final = (
    ("Berlin", "Berlin", "DE"),
    ("London", "England", "GB"),
    ("New York", "New York", "US"),
    ("München", "Bayern", "DE"),
    ("Hamburg", "Hamburg", "DE"),
    ("Paris", "Île-de-France", "FR"),
    ("Amsterdam", "Noord-Holland", "NL"),
    ("Madrid", "Madrid", "ES"),
    ("Köln", "Nordrhein-Westfalen", "DE"),
    ("San Francisco", "California", "US"),
    ("Manchester", "England", "GB"),
    ("Lyon", "Auvergne-Rhône-Alpes", "FR"),
    ("Frankfurt", "Hessen", "DE"),
    ("Stuttgart", "Baden-Württemberg", "DE"),
    ("Barcelona", "Cataluña", "ES"),
    ("Austin", "Texas", "US"),
    ("Utrecht", "Utrecht", "NL"),
    ("Leipzig", "Sachsen", "DE"),
    ("Seattle", "Washington", "US"),
    ("Bristol", "England", "GB"),
    ("Wien", "Wien", "AT"),
    ("Zürich", "Zürich", "CH"),
    ("Dresden", "Sachsen", "DE"),
    ("Nantes", "Pays de la Loire", "FR"),
    ("Rotterdam", "Zuid-Holland", "NL"),
    ("Valencia", "Valencia", "ES"),
    ("Boston", "Massachusetts", "US"),
    ("Leeds", "England", "GB"),
    ("Bremen", "Bremen", "DE"),
    ("Toulouse", "Occitanie", "FR"),
)
"""City, region and country, the one with most jobs first."""


class Known(Struct, frozen=True, kw_only=True):
    """A job that is the best answer to a query, though others hold its words too."""

    query: str
    title: str
    company: str
    place: Place


def _known(query: str, title: str, company: str, city: str, country: str) -> Known:
    place = Place(text=city, city=city, country=country)
    return Known(query=query, title=title, company=company, place=place)


KNOWN: Final = (
    _known("luthier", "Luthier for string instruments", "Klangwerk", "Mittenwald", "DE"),
    _known("python developer tromsø", "Python Developer", "Nordlys Data", "Tromsø", "NO"),
    _known("data engineer reykjavik", "Data Engineer", "Geysir Analytics", "Reykjavík", "IS"),
    _known("beekeeper", "Head Beekeeper", "Linden Apiaries", "Ljubljana", "SI"),
    _known("senior rust engineer tallinn", "Senior Rust Engineer", "Läänemeri", "Tallinn", "EE"),
    _known("horloger genève", "Maître horloger", "Lémanique SA", "Genève", "CH"),
    _known("orgelbauer", "Orgelbauer (m/w/d)", "Pfeifenwerk", "Passau", "DE"),
    _known("software engineer quokka", "Software Engineer", "Quokka Systems", "Perth", "AU"),
    _known("glaciologist", "Field Glaciologist", "Polar Survey", "Longyearbyen", "SJ"),
    _known("nurse faroe", "Nurse", "Faroe Islands Hospital", "Tórshavn", "FO"),
    _known('"observatory technician"', "Observatory Technician", "Mauna Optics", "Hilo", "US"),
    _known("company:wombat accountant", "Accountant", "Wombat Logistics", "Hobart", "AU"),
    _known("title:cartographer", "Senior Cartographer", "Meridian Maps", "Lisboa", "PT"),
    _known("place:cork devops", "DevOps Engineer", "Shandon Cloud", "Cork", "IE"),
    _known("sommelier porto", "Sommelier", "Adega Velha", "Porto", "PT"),
    _known("bootsbauer flensburg", "Bootsbauer", "Fördewerft", "Flensburg", "DE"),
    _known("restaurateur de tableaux", "Restaurateur de tableaux", "Atelier Vernet", "Arles", "FR"),
    _known("puppeteer", "Puppeteer", "Marionette Theatre", "Praha", "CZ"),
    _known("falconer", "Falconer", "Castle Hohenwerfen", "Werfen", "AT"),
    _known(
        "embedded engineer satellite", "Embedded Engineer Satellite", "Orbitica", "Toulouse", "FR"
    ),
    _known("archivist bergen", "Archivist", "Hanseatic Museum", "Bergen", "NO"),
    _known("lighthouse keeper", "Lighthouse Keeper", "Coastal Trust", "Stornoway", "GB"),
    _known("chocolatier", "Chocolatier", "Maison Praline", "Brugge", "BE"),
    _known("truffle hunter", "Truffle Hunter", "Tartufi Langhe", "Alba", "IT"),
    _known("product manager narwhal", "Product Manager", "Narwhal Health", "Nuuk", "GL"),
    _known("maquettiste", "Maquettiste industriel", "Forme & Fonction", "Limoges", "FR"),
    _known(
        "softwareontwikkelaar leeuwarden",
        "Softwareontwikkelaar",
        "Elfstedenlab",
        "Leeuwarden",
        "NL",
    ),
    _known("ingeniera teruel", "Ingeniera de datos", "Mudéjar Datos", "Teruel", "ES"),
    _known(
        "stonemason cathedral", "Stonemason for the cathedral", "Dombauhütte", "Regensburg", "DE"
    ),
    _known("seismologist", "Seismologist", "Fault Line Institute", "Heraklion", "GR"),
)
