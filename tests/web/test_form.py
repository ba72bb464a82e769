"""What a page's form sends, and what of it is refused."""

from __future__ import annotations

from typing import Any

import pytest
from litestar import Request, post
from litestar.di import NamedDependency, Provide
from litestar.testing import create_test_client

from jobtracker_core.plugins.forms import FormError
from jobtracker_core.web.form import Form, read_form


def form(*fields: tuple[str, str]) -> Form:
    return Form(fields, {})


def test_text_is_without_blanks_around_it_and_a_password_is_not() -> None:
    sent = form(("name", "  Ada \r\n"), ("password", " with a blank "))
    assert sent.text("name") == sent["name"] == "Ada"
    assert sent.exact("password") == " with a blank "
    assert (sent.text("other"), sent.get("other")) == ("", None)


def test_lines_are_kept_as_everywhere_else() -> None:
    assert form(("notes", "one\r\ntwo\r\n\r\nthree")).text("notes") == "one\ntwo\n\nthree"


def test_fields_that_are_there_several_times() -> None:
    sent = form(("tag", "a"), ("tag", " "), ("tag", " b "))
    assert sent.all("tag") == ("a", "b")
    assert (sent.text("tag"), len(sent), list(sent)) == ("b", 1, ["tag"])


@pytest.mark.parametrize(
    ("value", "ticked"), [("on", True), ("true", True), ("", False), ("off", False)]
)
def test_boxes(value: str, ticked: bool) -> None:
    assert form(("box", value)).flag("box") is ticked
    assert not form().flag("box")


def test_numbers_of_many_things() -> None:
    assert form(("ids", "3,1,3"), ("ids", "2")).numbers("ids") == (3, 1, 2)
    assert form().numbers("ids") == ()
    assert form(("version", "7")).version() == 7
    assert form().version() is None


@pytest.mark.parametrize("value", ["x", "1,,2", "-1", "1.5", "٣", "9" * 19, "1 2"])
def test_what_is_no_number_names_the_field(value: str) -> None:
    with pytest.raises(FormError) as error:
        form(("ids", value)).numbers("ids")
    assert set(error.value.problems) == {"ids"}


def ask(body: bytes, kind: str) -> tuple[int, str]:
    @post("/", sync_to_thread=False, status_code=200)
    def show(request: Request[Any, Any, Any], form: NamedDependency[Form]) -> dict[str, list[str]]:
        assert "form" not in request.query_params
        return {
            name: list(form.all(name)) or [form.file(name).decode()] for name in [*form, "file"]
        }

    # Its usual logging would set up that of the whole process.
    with create_test_client(
        [show], dependencies={"form": Provide(read_form)}, logging_config=None
    ) as client:
        answer = client.post("/", content=body, headers={"Content-Type": kind})
        return answer.status_code, answer.text


def test_a_form_is_read() -> None:
    body = b"name=%C5%81%C3%B3d%C5%BA+1&tag=a&tag=b&number=007&empty="
    status, text = ask(body, "application/x-www-form-urlencoded")
    assert status == 200, text
    assert '"name":["Łódź 1"],"tag":["a","b"],"number":["007"]' in text


def test_a_file_is_read() -> None:
    body = (
        b'--x\r\nContent-Disposition: form-data; name="note"\r\n\r\n[1, 2]\r\n'
        b'--x\r\nContent-Disposition: form-data; name="file"; filename="a.toml"\r\n\r\na = 1\r\n--x--\r\n'
    )
    status, text = ask(body, "multipart/form-data; boundary=x")
    assert status == 200, text
    assert '"note":["[1, 2]"]' in text
    assert '"file":["a = 1"]' in text


@pytest.mark.parametrize("body", [b"name=%FF", b"\xff=1", b"&".join([b"a=1"] * 5_001)])
def test_what_is_no_form_is_refused(body: bytes) -> None:
    status, text = ask(body, "application/x-www-form-urlencoded")
    assert status == 400, text
    assert "no form" in text
