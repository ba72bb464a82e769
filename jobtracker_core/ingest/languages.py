"""Language tags."""

from __future__ import annotations

import re
from typing import Final

_ALPHA2 = (
    "aa ab ae af ak am an ar as av ay az ba be bg bi bm bn bo br bs ca ce ch co cr cs cu cv cy da "
    "de dv dz ee el en eo es et eu fa ff fi fj fo fr fy ga gd gl gn gu gv ha he hi ho hr ht hu hy "
    "hz ia id ie ig ii ik io is it iu ja jv ka kg ki kj kk kl km kn ko kr ks ku kv kw ky la lb lg "
    "li ln lo lt lu lv mg mh mi mk ml mn mr ms mt my na nb nd ne ng nl nn no nr nv ny oc oj om or "
    "os pa pi pl ps pt qu rm rn ro ru rw sa sc sd se sg si sk sl sm sn so sq sr ss st su sv sw ta "
    "te tg th ti tk tl tn to tr ts tt tw ty ug uk ur uz ve vi vo wa wo xh yi yo za zh zu"
)
_CODES: Final = frozenset(_ALPHA2.split(" "))
_OTHER = (
    "english=en eng=en german=de deutsch=de deu=de ger=de french=fr français=fr fra=fr fre=fr "
    "spanish=es español=es spa=es italian=it italiano=it ita=it dutch=nl nederlands=nl nld=nl "
    "dut=nl portuguese=pt português=pt por=pt swedish=sv svenska=sv swe=sv norwegian=no "
    "norsk=no nor=no danish=da dansk=da dan=da finnish=fi suomi=fi fin=fi polish=pl polski=pl "
    "pol=pl czech=cs čeština=cs ces=cs cze=cs hungarian=hu magyar=hu hun=hu romanian=ro "
    "ron=ro rum=ro russian=ru rus=ru ukrainian=uk ukr=uk turkish=tr türkçe=tr tur=tr greek=el "
    "ell=el gre=el hebrew=he heb=he arabic=ar ara=ar hindi=hi hin=hi japanese=ja 日本語=ja "
    "jpn=ja chinese=zh 中文=zh zho=zh chi=zh korean=ko 한국어=ko kor=ko vietnamese=vi vie=vi "
    "thai=th tha=th indonesian=id ind=id iw=he in=id"
)
_SPELLINGS: Final = dict(pair.split("=") for pair in _OTHER.split(" "))
_TAG = re.compile(r"([A-Za-z]{2,3})(?:[-_]([A-Za-z]{4}))?(?:[-_]([A-Za-z]{2}))?(?:[-_.].*)?")


def tag(written: str) -> str | None:
    """Return a tag such as "en", "de-AT" or "zh-Hant-TW" for a code or a common name, or None.

    ISO 639-1 where there is one; three-letter codes without a two-letter form are not known.
    """
    folded = written.casefold()
    if folded in _SPELLINGS:
        return _SPELLINGS[folded]
    match = _TAG.fullmatch(written)
    if match is None:
        return None
    code = match[1].lower()
    code = _SPELLINGS.get(code, code)
    if code not in _CODES:
        return None
    script = "-" + match[2].title() if match[2] else ""
    return code + script + ("-" + match[3].upper() if match[3] else "")
