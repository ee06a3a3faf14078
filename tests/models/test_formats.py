from __future__ import annotations

from datetime import UTC, datetime

import pytest
from django.core.exceptions import ValidationError

from connections.models import Connection
from connections.models.formats import is_connection_id, is_service_address, parse_time, validate_one_line

# From the remoteit-api reference, section 3: the vendor's own examples, most of which are no UUID by RFC 4122.
REAL_IDS = [
    "A481EBED-C678-4DA4-60D2-60F1FE8EB5DA",
    "A78B3919-52E1-B674-58CC-5C0009377419",
    "ADABEA73-A759-ADBD-D547-A6F82CB2ED16",
    "118EB6E7-1BA5-0AA0-B80E-7D15B9059260",
    "123ddfff-6432-49d0-6432-205d49d08454",
    "48844999-bbf4-48cf-9a3a-353b7385737a",
]


@pytest.mark.parametrize("text", REAL_IDS)
def test_it_takes_every_style_of_connection_id(text: str) -> None:
    assert is_connection_id(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "A481EBED-C678-4DA4-60D2-60F1FE8EB5D",
        "A481EBED-C678-4DA4-60D2-60F1FE8EB5DAA",
        "A481EBEDC6784DA460D260F1FE8EB5DA",
        "{A481EBED-C678-4DA4-60D2-60F1FE8EB5DA}",
        "G481EBED-C678-4DA4-60D2-60F1FE8EB5DA",
        " A481EBED-C678-4DA4-60D2-60F1FE8EB5DA",
        "A481EBED-C678-4DA4-60D2-60F1FE8EB5DA\n",
        "A481EBED-C678-4DA4-60D2-60F1FE8EB5D\uff21",
        "A481EBED-C678-4DA4-60D2-60F1FE8EB5D\u0661",
    ],
)
def test_it_refuses_what_is_no_connection_id(text: str) -> None:
    assert not is_connection_id(text)


@pytest.mark.parametrize("text", ["80:00:00:00:01:00:40:C5", "80:00:00:00:01:00:40:c5", "90:aB:00:00:01:00:40:c5"])
def test_it_takes_a_service_address_in_any_case(text: str) -> None:
    assert is_service_address(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "80:00:00:00:01:00:40",
        "80:00:00:00:01:00:40:C5:00",
        "80-00-00-00-01-00-40-C5",
        "8X:00:00:00:01:00:40:C5",
        "800000000100:40:C5",
        "80:00:00:00:01:00:40:C5\n",
    ],
)
def test_it_refuses_what_is_no_service_address(text: str) -> None:
    assert not is_service_address(text)


def test_a_connection_record_says_which_of_its_values_is_wrong() -> None:
    record = Connection(device_address="80:00", connection_id="A481", known_by="added")
    with pytest.raises(ValidationError) as error:
        record.clean_fields(exclude=("account", "connection_key"))
    assert set(error.value.message_dict) == {"device_address", "connection_id"}


@pytest.mark.parametrize("text", ["a\0b", "a\nb", "a\tb", "a\x1b[2Jb", "a\x7f", "a\x85b"])
def test_a_control_character_is_refused(text: str) -> None:
    with pytest.raises(ValidationError):
        validate_one_line(text)


def test_letters_of_any_script_are_one_line() -> None:
    validate_one_line("Kühlhaus 東京 №5")


@pytest.mark.parametrize("text", ["2026-03-01T14:30:00Z", "2026-03-01 15:30:00+01:00", "20260301T093000-0500"])
def test_a_time_is_read_with_its_offset(text: str) -> None:
    assert parse_time(text) == datetime(2026, 3, 1, 14, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "tomorrow",
        "2026-03-01",
        "2026-03-01T14:30:00",
        "2026-02-30T14:30:00Z",
        "03/01/2026 14:30",
        "1772375400",
        "0001-01-01T00:00:00+14:00",
        "9999-12-31T23:59:59-14:00",
    ],
)
def test_a_time_without_offset_or_out_of_the_calendar_is_refused(text: str) -> None:
    with pytest.raises(ValidationError, match="ISO 8601"):
        parse_time(text)
