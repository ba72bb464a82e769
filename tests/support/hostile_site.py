"""A practice site whose postings are written by somebody who means harm to whoever shows them."""

from __future__ import annotations

from typing import Any

import msgspec
from msgspec import structs

from jobtracker_core.plugins.practice import practice_sites
from jobtracker_core.testing.practice import PracticeSite, Reply, Seen

ALERT = "alert(document.domain)"
WORDS = (
    f"<script>{ALERT}</script>Engineer",
    f'"><img src=x onerror={ALERT}>',
    f"'\"></title></textarea></script><svg onload={ALERT}>",
    "{{7*7}} ${7*7} {% raw %} <%= 7*7 %>",
    "\u202eRTL \u2066\u05d0\u05d9\u05e9\u2069 \u200f\u200e \u0645\u0647\u0646",
    f"javascript:{ALERT}",
    f'<a href="javascript:{ALERT}" hx-get="/logout" hx-trigger="load">x</a>',
    "W" * 400,
    "A very long title, again and again, " * 30_000,
    "<" * 500 + "b>" + "&lt;script&gt;" * 10,
    "e\u0301" + "\u0301" * 200 + "Z\u0351\u036f\u0301\u0489algo",
    "\x00\x07null and bell\x1b[31m",
)
DESCRIPTION = (
    f"<script>{ALERT}</script>"
    f'<img src=x onerror="{ALERT}"><iframe src="javascript:{ALERT}"></iframe>'
    f'<a href="javascript:{ALERT}">click</a><a href="data:text/html,<script>{ALERT}</script>">d</a>'
    '<p hx-get="/logout" hx-trigger="load" data-hx-post="/logout" hx-on:load="alert(1)">htmx</p>'
    f'<form action="https://elsewhere.example/"><input name=q autofocus onfocus="{ALERT}"></form>'
    '<img src="https://elsewhere.example/pixel.gif"><link rel=stylesheet href="//elsewhere.example">'
    '<style>body{display:none}</style><div style="position:fixed;inset:0">over all</div>'
    f"<svg><animate onbegin={ALERT}></svg><math><mtext><table><mglyph><style><!--</style>"
    f'<img title="--&gt;&lt;img src=1 onerror={ALERT}&gt;">'
    '<meta http-equiv=refresh content="0;url=https://elsewhere.example"><base href="//elsewhere.example">'
    '<template><script>1</script></template>{{7*7}}<h1 id="keys">Not yours</h1>'
    + "<b><i><blockquote><ul><li>" * 300
    + "<table><tr><td>"
    + "unbroken" * 200
    + '<pre>{}</pre><dialog open>no</dialog><button data-dialog="keys">b</button>'.format("x" * 900)
)


def hostile_site() -> PracticeSite:
    """Make a site of the class of HiringCafe's practice site: each posting has other `WORDS`."""
    honest = practice_sites()["hiringcafe"]

    class Site(honest):  # type: ignore[misc, valid-type]
        def answer(self, request: Seen) -> Reply:
            reply: Reply = super().answer(request)
            if reply.content_type != "application/json":
                return reply
            spoilt = _spoilt(msgspec.json.decode(reply.body))
            return structs.replace(reply, body=msgspec.json.encode(spoilt))

    site: PracticeSite = Site(postings=len(WORDS))
    return site


def _spoilt(answer: dict[str, Any]) -> dict[str, Any]:
    for place, hit in enumerate(answer.get("pageProps", {}).get("ssrHits", ())):
        word = WORDS[place % len(WORDS)]
        hit["job_information"]["title"] = word
        hit["apply_url"] = f"javascript:{ALERT}"
        hit["enriched_company_data"] = {
            "status": "VALID_COMPANY",
            "name": WORDS[(place + 1) % len(WORDS)],
            "homepage_uri": f"javascript:{ALERT}",
            "industries": [word],
            "tagline": DESCRIPTION,
        }
        processed = hit["v5_processed_job_data"]
        processed |= {"core_job_title": word, "formatted_workplace_location": word}
        processed |= {"workplace_cities": [word], "technical_tools": [word, DESCRIPTION]}
    if "job" in answer:
        answer["job"]["job_information"]["description"] = DESCRIPTION
    return answer
