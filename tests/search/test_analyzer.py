"""What words a text is made of, and what finds them."""

from __future__ import annotations

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from jobtracker_core.search import analyzer
from jobtracker_core.search.analyzer import alternatives, analyse, places, spans
from jobtracker_core.search.folding import WORD, fold
from jobtracker_core.search.stems import ALGORITHMS


def finds(query: str, text: str, language: str | None = None, *, prefix: bool = False) -> bool:
    stems = analyse(text, language)
    return any(
        next(places(stems, sequence), None) is not None
        for sequence in alternatives(query, prefix=prefix)
    )


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Senior Engineers, (m/w/d)!", "senior engin m w d"),
        ("MÜLLER Müller Mu\u0308ller Muller", "muller muller muller muller"),
        ("Straße Łódź Ærø Þór Œuvre", "strass lodz aero thor oeuvr"),
        ("İstanbul ISTANBUL ıstanbul", "istanbul istanbul istanbul"),
        ("C++ c++17 C# F# .NET ASP.NET", "cplusplus cplusplus 17 csharp fsharp dotnet asp dotnet"),
        ("company.networks c#4 abc++", "compani network c 4 abc"),
        ("node.js R&D AT&T 24/7 3.5", "node js r d at t 24 7 3 5"),
        ("master's master’s masters", "master master master"),
        ("it's d'État O'Sullivan", "it d etat o sullivan"),
        ("软件 エンジニア ｶﾞ", "软 件 エ ン ジ ニ ア ガ"),
        ("กี่ภา", "กี่ ภ า"),
        ("٢٤ Ｐｙｔｈｏｎ ﬁnance", "24 python financ"),
        ("snake_case co-op", "snake case co op"),
        ("مُهَنْدِس", "مهندس"),
        ("— … \u200b\x00\ud800", ""),
        ("a" * 70, "a" * 64),
    ],
)
def test_a_text_is_cut_into_folded_words(text: str, words: str) -> None:
    assert " ".join(analyse(text, None)) == words


@pytest.mark.parametrize(
    ("language", "alike"),
    [
        ("en", "engineer engineers engineering engineered"),
        (None, "manage manager managers managing"),
        ("xx", "managing managed"),
        ("de", "Entwickler Entwicklerin Entwicklerinnen"),
        ("de-AT", "Arzt Ärzte Ärzten"),
        ("fr", "développé développer developpement"),
        ("es", "programación programaciones programacion"),
        ("pt", "programação programações PROGRAMACAO"),
        ("ca", "programació programacions"),
        ("pl", "inżynier inżyniera inżynierów"),
        ("sv", "utvecklare utvecklaren"),
        ("ru", "разработчик разработчика разработчиков"),
        ("ru", "developer developers"),
        ("tr", "mühendis mühendisi mühendisleri"),
        ("el", "μηχανικός ΜΗΧΑΝΙΚΟΣ μηχανικοσ"),
    ],
)
def test_forms_of_a_word_find_each_other(language: str | None, alike: str) -> None:
    words = alike.split()
    assert len({analyse(word, language) for word in words}) == 1
    for query in words:
        for word in words:
            assert finds(query, f"x {word} y", language)


@pytest.mark.parametrize("language", [None, *ALGORITHMS])
def test_a_word_and_a_phrase_find_themselves_in_any_language(language: str | None) -> None:
    text = "Data engineering managers, Müller & Söhne: node.js, C++, событие, 工程师, 24/7, मैनेजर"
    for query in ["data", "engineering managers", "MULLER", "node.js", "C++", "событие", "24/7"]:
        assert finds(query, text, language)
    assert finds("工程师", text, language)
    assert finds("मैनेजर", text, language)
    assert not finds("managers engineering", text, language)


@pytest.mark.parametrize(
    ("query", "text"),
    [
        ("event", "even more"),  # as Estonian
        ("worker", "we work"),  # as German
        ("care", "a car"),  # as Spanish
        ("within", "with us"),  # as Turkish
        ("excel", "excellent"),
        ("product", "production"),
        ("C", "C++"),
        ("net", ".NET"),
        ("Mueller", "Müller"),
        ("entwickler", "Softwareentwickler"),
    ],
)
def test_what_is_another_word_in_english_is_not_found(query: str, text: str) -> None:
    assert not finds(query, text, "en")


def test_german_compounds_stay_whole_and_ue_is_an_umlaut_in_german_alone() -> None:
    assert not finds("Entwickler", "Softwareentwickler", "de")
    assert finds("Mueller", "Müller", "de")
    assert not finds("Mueller", "Müller", "en")


@pytest.mark.parametrize(
    "text", ["engineering", "marketing", "administration", "manager", "node.js"]
)
def test_a_word_is_found_at_any_time_while_it_is_typed(text: str) -> None:
    for end in range(2, len(text) + 1):
        assert finds(text[:end], f"the {text} we", prefix=True), text[:end]
    assert not finds(text[:-2] + "zz", text, prefix=True)


def test_german_too() -> None:
    for end in range(2, len("Entwicklung") + 1):
        assert finds("Entwicklung"[:end], "die Entwicklung", "de", prefix=True)


def test_only_the_last_word_is_a_beginning() -> None:
    assert finds("data eng", "a data engineer", prefix=True)
    assert not finds("dat engineer", "a data engineer", prefix=True)
    assert alternatives("go", prefix=True) == (("go*",),)
    assert alternatives("—") == ()


TEXTS = st.text(
    st.one_of(
        st.characters(max_codepoint=0x24F),
        st.characters(),
        st.sampled_from(" '’+#.-_İıßſǅﬁ½²٣ｶﾞ工หภา\u0301\u0308\u3099йёςΣ\ua78f"),
    ),
    max_size=40,
)
LANGUAGES = st.sampled_from([None, "en", "de", "tr", "ru", "hi", "sr", "nl", "pt", "xx"])


@settings(max_examples=150, deadline=None)
@given(TEXTS, LANGUAGES)
@example("C++c#4 .NETs 's ＣＳ", None)
@example("ŉ ﷺ ㈱ ⅷ ـ ำ \U0003134b", None)
def test_any_text_gives_words_that_find_it(text: str, language: str | None) -> None:
    stems = analyse(text, language)
    assert all(0 < len(stem) <= 65 and not any(map(str.isspace, stem)) for stem in stems)
    for stem in stems:
        assert not set(stem) & set("*'\"~=:&|!()<>\\"), stem
    if stems:
        assert finds(text, text, language)
        assert finds(text, text, language, prefix=True)
    # Where each of them stands.
    places_of = spans(text, range(len(stems)), language)
    assert places_of == [match.span() for match in WORD.finditer(text)]
    assert all(
        analyse(text[a:b], language) == (s,) for (a, b), s in zip(places_of, stems, strict=True)
    )


@settings(max_examples=150, deadline=None)
@given(TEXTS, LANGUAGES)
def test_folding_changes_nothing_for_the_analyzer(text: str, language: str | None) -> None:
    words = [fold(word) for word in WORD.findall(text)]
    assert [fold(word) for word in words] == words
    assert analyse(" ".join(words), language) == analyse(text, language)
    assert analyse(text.upper().lower(), language) == analyse(text.lower(), language)


def test_stems_that_are_kept_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(analyzer, "_MOST_KEPT", 50)
    kept = analyzer._Pieces("english")
    for number in range(500):
        assert kept[f"engineers{number}x"] == (f"engineers{number}x",)
        assert kept["engineers"] == ("engin",)
    assert len(kept) + len(kept._older) <= 100
    assert kept["x " * 100] == ("x",) * 100
    assert "x " * 100 not in kept
