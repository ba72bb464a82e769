"""Countries and their parts, by the codes and names that sites write."""

from __future__ import annotations

import unicodedata
from typing import Final

# alpha-2, alpha-3, English name; further names after further commas.
_TABLE = """
AD,AND,Andorra;AE,ARE,United Arab Emirates,UAE;AF,AFG,Afghanistan;AG,ATG,Antigua and Barbuda;
AI,AIA,Anguilla;AL,ALB,Albania;AM,ARM,Armenia;AO,AGO,Angola;AQ,ATA,Antarctica;AR,ARG,Argentina;
AS,ASM,American Samoa;AT,AUT,Austria,Österreich,Autriche;AU,AUS,Australia;AW,ABW,Aruba;
AX,ALA,Åland Islands,Åland;AZ,AZE,Azerbaijan;BA,BIH,Bosnia and Herzegovina,Bosnia;BB,BRB,Barbados;
BD,BGD,Bangladesh;BE,BEL,Belgium,België,Belgique,Belgien;BF,BFA,Burkina Faso;BG,BGR,Bulgaria;
BH,BHR,Bahrain;BI,BDI,Burundi;BJ,BEN,Benin;BL,BLM,Saint Barthélemy;BM,BMU,Bermuda;
BN,BRN,Brunei,Brunei Darussalam;BO,BOL,Bolivia;BQ,BES,Bonaire;BR,BRA,Brazil,Brasil;
BS,BHS,Bahamas,The Bahamas;BT,BTN,Bhutan;BV,BVT,Bouvet Island;BW,BWA,Botswana;BY,BLR,Belarus;
BZ,BLZ,Belize;CA,CAN,Canada,Kanada;CC,CCK,Cocos Islands;
CD,COD,Democratic Republic of the Congo,DR Congo,Congo (DRC);CF,CAF,Central African Republic;
CG,COG,Congo,Republic of the Congo;CH,CHE,Switzerland,Schweiz,Suisse,Svizzera;
CI,CIV,Côte d'Ivoire,Ivory Coast;CK,COK,Cook Islands;CL,CHL,Chile;CM,CMR,Cameroon;
CN,CHN,China,People's Republic of China;CO,COL,Colombia;CR,CRI,Costa Rica;CU,CUB,Cuba;
CV,CPV,Cape Verde,Cabo Verde;CW,CUW,Curaçao;CX,CXR,Christmas Island;CY,CYP,Cyprus;
CZ,CZE,Czechia,Czech Republic,Česko,Česká republika;DE,DEU,Germany,Deutschland,Allemagne,Alemania;
DJ,DJI,Djibouti;DK,DNK,Denmark,Danmark,Dänemark;DM,DMA,Dominica;
DO,DOM,Dominican Republic,República Dominicana;DZ,DZA,Algeria;EC,ECU,Ecuador;EE,EST,Estonia,Eesti;
EG,EGY,Egypt;EH,ESH,Western Sahara;ER,ERI,Eritrea;ES,ESP,Spain,España,Spanien,Espagne;
ET,ETH,Ethiopia;FI,FIN,Finland,Suomi,Finnland;FJ,FJI,Fiji;FK,FLK,Falkland Islands;
FM,FSM,Micronesia;FO,FRO,Faroe Islands;FR,FRA,France,Frankreich;GA,GAB,Gabon;
GB,GBR,United Kingdom,UK,Great Britain,Vereinigtes Königreich,Royaume-Uni,U.K.;GD,GRD,Grenada;
GE,GEO,Georgia;GF,GUF,French Guiana;GG,GGY,Guernsey;GH,GHA,Ghana;GI,GIB,Gibraltar;GL,GRL,Greenland;
GM,GMB,Gambia;GN,GIN,Guinea;GP,GLP,Guadeloupe;GQ,GNQ,Equatorial Guinea;GR,GRC,Greece,Griechenland;
GS,SGS,South Georgia;GT,GTM,Guatemala;GU,GUM,Guam;GW,GNB,Guinea-Bissau;GY,GUY,Guyana;
HK,HKG,Hong Kong,Hong Kong SAR;HM,HMD,Heard Island;HN,HND,Honduras;HR,HRV,Croatia,Hrvatska;
HT,HTI,Haiti;HU,HUN,Hungary,Magyarország,Ungarn;ID,IDN,Indonesia;
IE,IRL,Ireland,Republic of Ireland,Irland;IL,ISR,Israel;IM,IMN,Isle of Man;IN,IND,India,Indien;
IO,IOT,British Indian Ocean Territory;IQ,IRQ,Iraq;IR,IRN,Iran;IS,ISL,Iceland,Ísland;
IT,ITA,Italy,Italia,Italien,Italie;JE,JEY,Jersey;JM,JAM,Jamaica;JO,JOR,Jordan;JP,JPN,Japan,日本;
KE,KEN,Kenya;KG,KGZ,Kyrgyzstan;KH,KHM,Cambodia;KI,KIR,Kiribati;KM,COM,Comoros;
KN,KNA,Saint Kitts and Nevis;KP,PRK,North Korea;
KR,KOR,South Korea,Korea,Republic of Korea,Korea (Republic of),대한민국;KW,KWT,Kuwait;
KY,CYM,Cayman Islands;KZ,KAZ,Kazakhstan;LA,LAO,Laos;LB,LBN,Lebanon;LC,LCA,Saint Lucia;
LI,LIE,Liechtenstein;LK,LKA,Sri Lanka;LR,LBR,Liberia;LS,LSO,Lesotho;LT,LTU,Lithuania,Lietuva;
LU,LUX,Luxembourg,Luxemburg;LV,LVA,Latvia,Latvija;LY,LBY,Libya;MA,MAR,Morocco,Maroc;MC,MCO,Monaco;
MD,MDA,Moldova;ME,MNE,Montenegro;MF,MAF,Saint Martin;MG,MDG,Madagascar;MH,MHL,Marshall Islands;
MK,MKD,North Macedonia,Macedonia;ML,MLI,Mali;MM,MMR,Myanmar,Burma;MN,MNG,Mongolia;
MO,MAC,Macao,Macau;MP,MNP,Northern Mariana Islands;MQ,MTQ,Martinique;MR,MRT,Mauritania;
MS,MSR,Montserrat;MT,MLT,Malta;MU,MUS,Mauritius;MV,MDV,Maldives;MW,MWI,Malawi;
MX,MEX,Mexico,México,Mexiko;MY,MYS,Malaysia;MZ,MOZ,Mozambique;NA,NAM,Namibia;NC,NCL,New Caledonia;
NE,NER,Niger;NF,NFK,Norfolk Island;NG,NGA,Nigeria;NI,NIC,Nicaragua;
NL,NLD,Netherlands,The Netherlands,Nederland,Holland,Niederlande,Pays-Bas;
NO,NOR,Norway,Norge,Norwegen;NP,NPL,Nepal;NR,NRU,Nauru;NU,NIU,Niue;NZ,NZL,New Zealand,Aotearoa;
OM,OMN,Oman;PA,PAN,Panama,Panamá;PE,PER,Peru,Perú;PF,PYF,French Polynesia;PG,PNG,Papua New Guinea;
PH,PHL,Philippines,The Philippines;PK,PAK,Pakistan;PL,POL,Poland,Polska,Polen;
PM,SPM,Saint Pierre and Miquelon;PN,PCN,Pitcairn;PR,PRI,Puerto Rico;
PS,PSE,Palestine,State of Palestine;PT,PRT,Portugal;PW,PLW,Palau;PY,PRY,Paraguay;QA,QAT,Qatar;
RE,REU,Réunion;RO,ROU,Romania,România;RS,SRB,Serbia,Srbija;RU,RUS,Russia,Russian Federation,Россия;
RW,RWA,Rwanda;SA,SAU,Saudi Arabia,KSA,Kingdom of Saudi Arabia;SB,SLB,Solomon Islands;
SC,SYC,Seychelles;SD,SDN,Sudan;SE,SWE,Sweden,Sverige,Schweden;SG,SGP,Singapore;SH,SHN,Saint Helena;
SI,SVN,Slovenia,Slovenija;SJ,SJM,Svalbard;SK,SVK,Slovakia,Slovensko;SL,SLE,Sierra Leone;
SM,SMR,San Marino;SN,SEN,Senegal;SO,SOM,Somalia;SR,SUR,Suriname;SS,SSD,South Sudan;
ST,STP,São Tomé and Príncipe;SV,SLV,El Salvador;SX,SXM,Sint Maarten;SY,SYR,Syria;
SZ,SWZ,Eswatini,Swaziland;TC,TCA,Turks and Caicos Islands;TD,TCD,Chad;
TF,ATF,French Southern Territories;TG,TGO,Togo;TH,THA,Thailand;TJ,TJK,Tajikistan;TK,TKL,Tokelau;
TL,TLS,Timor-Leste,East Timor;TM,TKM,Turkmenistan;TN,TUN,Tunisia;TO,TON,Tonga;
TR,TUR,Türkiye,Turkey,Turkiye,Türkei;TT,TTO,Trinidad and Tobago;TV,TUV,Tuvalu;TW,TWN,Taiwan,台灣;
TZ,TZA,Tanzania;UA,UKR,Ukraine,Україна;UG,UGA,Uganda;UM,UMI,U.S. Outlying Islands;
US,USA,United States,United States of America,U.S.,U.S.A.,The United States,
Vereinigte Staaten,Estados Unidos,États-Unis;
UY,URY,Uruguay;UZ,UZB,Uzbekistan;VA,VAT,Vatican City;VC,VCT,Saint Vincent and the Grenadines;
VE,VEN,Venezuela;VG,VGB,British Virgin Islands;VI,VIR,U.S. Virgin Islands;VN,VNM,Vietnam,Viet Nam;
VU,VUT,Vanuatu;WF,WLF,Wallis and Futuna;WS,WSM,Samoa;XK,XKX,Kosovo;YE,YEM,Yemen;YT,MYT,Mayotte;
ZA,ZAF,South Africa;ZM,ZMB,Zambia;ZW,ZWE,Zimbabwe
"""

_US_STATES = """
AL,Alabama;AK,Alaska;AZ,Arizona;AR,Arkansas;CA,California;CO,Colorado;CT,Connecticut;DE,Delaware;
DC,District of Columbia;FL,Florida;GA,Georgia;HI,Hawaii;ID,Idaho;IL,Illinois;IN,Indiana;IA,Iowa;
KS,Kansas;KY,Kentucky;LA,Louisiana;ME,Maine;MD,Maryland;MA,Massachusetts;MI,Michigan;MN,Minnesota;
MS,Mississippi;MO,Missouri;MT,Montana;NE,Nebraska;NV,Nevada;NH,New Hampshire;NJ,New Jersey;
NM,New Mexico;NY,New York;NC,North Carolina;ND,North Dakota;OH,Ohio;OK,Oklahoma;OR,Oregon;
PA,Pennsylvania;RI,Rhode Island;SC,South Carolina;SD,South Dakota;TN,Tennessee;TX,Texas;UT,Utah;
VT,Vermont;VA,Virginia;WA,Washington;WV,West Virginia;WI,Wisconsin;WY,Wyoming
"""

_REGIONS = {
    "AU": "New South Wales,Victoria,Queensland,South Australia,Western Australia,Tasmania,"
    "Northern Territory,Australian Capital Territory,NSW,VIC,QLD,TAS,ACT",
    "CA": "Ontario,Quebec,Québec,British Columbia,Alberta,Manitoba,Saskatchewan,Nova Scotia,"
    "New Brunswick,Newfoundland and Labrador,Prince Edward Island,Yukon,Nunavut,ON,QC,BC,AB,MB,NS",
    "DE": "Baden-Württemberg,Bavaria,Bayern,Brandenburg,Hesse,Hessen,Mecklenburg-Vorpommern,"
    "Lower Saxony,Niedersachsen,North Rhine-Westphalia,Nordrhein-Westfalen,Rhineland-Palatinate,"
    "Rheinland-Pfalz,Saarland,Saxony,Sachsen,Saxony-Anhalt,Sachsen-Anhalt,Schleswig-Holstein,"
    "Thuringia,Thüringen",
    "GB": "England,Scotland,Wales,Northern Ireland",
    "IN": "Andhra Pradesh,Assam,Bihar,Chhattisgarh,Goa,Gujarat,Haryana,Himachal Pradesh,Jharkhand,"
    "Karnataka,Kerala,Madhya Pradesh,Maharashtra,Odisha,Punjab,Rajasthan,Tamil Nadu,Telangana,"
    "Uttar Pradesh,Uttarakhand,West Bengal",
}

# Where "City, XX" may be a state of the USA or a country, these cities say that it is the country.
_CITIES = {
    "AR": "Buenos Aires,Córdoba,Rosario,Mendoza,La Plata",
    "CA": "Toronto,Montreal,Montréal,Vancouver,Calgary,Ottawa,Edmonton,Winnipeg,Mississauga,Quebec",
    "CO": "Bogotá,Bogota,Medellín,Medellin,Cali,Barranquilla,Cartagena",
    "DE": "Berlin,Hamburg,Munich,München,Cologne,Köln,Frankfurt,Frankfurt am Main,Stuttgart,"
    "Düsseldorf,Dusseldorf,Leipzig,Dortmund,Essen,Bremen,Dresden,Hannover,Hanover,Nuremberg,"
    "Nürnberg,Bonn,Münster,Karlsruhe,Mannheim,Augsburg,Wiesbaden,Potsdam,Heidelberg,Darmstadt",
    "ID": "Jakarta,Surabaya,Bandung,Medan,Denpasar",
    "IL": "Tel Aviv,Tel Aviv-Yafo,Jerusalem,Haifa,Herzliya,Ramat Gan,Petah Tikva,Ra'anana",
    "IN": "Bengaluru,Bangalore,Mumbai,Delhi,New Delhi,Hyderabad,Chennai,Pune,Kolkata,Ahmedabad,"
    "Noida,Gurgaon,Gurugram,Jaipur,Kochi,Indore,Coimbatore",
    "MA": "Casablanca,Rabat,Marrakech,Marrakesh,Tangier,Tanger,Agadir",
    "PA": "Panama City,Panamá",
}


def fold(name: str) -> str:
    """Return a name without case and accents, for look-ups."""
    parts = unicodedata.normalize("NFD", name.casefold())
    return "".join(part for part in parts if not unicodedata.combining(part)).strip(" .")


def _rows(table: str) -> list[list[str]]:
    return [row.strip().split(",") for row in table.replace("\n", "").split(";")]


_BY_NAME = {fold(name): row[0] for row in _rows(_TABLE) for name in row[2:]}
_BY_CODE = {code: row[0] for row in _rows(_TABLE) for code in row[:2]}
_STATE_CODES = frozenset(code for code, _ in _rows(_US_STATES))
_REGION_COUNTRY = {
    **{fold(name): "US" for _, name in _rows(_US_STATES) if name != "Georgia"},
    **{fold(n): country for country, names in _REGIONS.items() for n in names.split(",")},
}
_STATE_NAMES: Final = frozenset(fold(name) for _, name in _rows(_US_STATES))
_CITY_COUNTRY = {
    (fold(city), country) for country, cities in _CITIES.items() for city in cities.split(",")
}


def country(name: str) -> str | None:
    """Return the ISO 3166-1 alpha-2 code for a country's name or code; codes in capitals only."""
    if name == name.upper() and name in _BY_CODE:
        return _BY_CODE[name]
    return _BY_NAME.get(fold(name))


def country_of_region(name: str) -> str | None:
    """Return the country that has a region of that name; None for "Georgia" and unknown ones."""
    return _REGION_COUNTRY.get(fold(name))


def is_state_code(code: str) -> bool:
    """Say whether this is a state of the USA in two capitals."""
    return code in _STATE_CODES


def is_state(name: str) -> bool:
    """Say whether this is a state of the USA, by name or code."""
    return name in _STATE_CODES or fold(name) in _STATE_NAMES


def is_city_in(city: str, alpha2: str) -> bool:
    """Say whether a big city is in the country whose code is also that of a state of the USA."""
    return (fold(city), alpha2) in _CITY_COUNTRY
