"""What a search finds and what it must not: a table, then what is not understood, and what all of it is called."""

from __future__ import annotations

import uuid
from datetime import timedelta

import pytest
from django.utils import timezone

from connections.inventory.match import MatchError, parse
from connections.models import Account, Connection

NAMES = {
    "plant7": ("Plant 7 PLC gateway", "SSH", "dana.k@example.com"),
    "plant07": ("Plant 07 HMI", "HTTP", "dana_k@example.com"),
    "plant-7": ("Plant-7 camera", "RTSP", "mia@example.net"),
    "plants7": ("Plant7", "SSH", ""),
    "plant70": ("Plant 70 PLC gateway", "SSH", "dana.k@example.com"),
    "plant12": ("Plant 12 PLC gateway 70", "HTTP", "bo@example.org"),
    "plant12-7": ("Plant 12 PLC gateway 7", "SSH", "bo@example.org"),
    "pump": ("Pump station", "VNC", "mia7@example.net"),
    "pump7": ("Pump #7 spare", "SSH", "mia@example.net"),
    "estacion": ("Estación Norte", "RDP", "José@example.es"),
    "lodz": ("Łódź Straße", "RDP", "ana@example.pl"),
    "pi8": ("raspberrypi-8", "ssh", "pi@example.com"),
    "pi80": ("raspberrypi-80", "ssh", "pi@example.com"),
    "hostile": ('Or (a "b", 50%_c*) -not:x \\', "odd:service", "x@example.com"),
    "crossing": ("plant", "7 ports", "gateway@example.com"),
    "ab": ("AB unit", "k", "z@example.com"),
    "cab": ("CAB unit", "web", "z@example.com"),
    "nameless": ("", "", ""),
}
IDS = {"pi8": "A481EBED-C678-4DA4-60D2-60F1FE8EB5DA", "pi80": "A481EBED-C678-4DA4-60D2-60F1FE8EB5DB"}
ADDRESSES = {"pump": "80:00:00:00:01:c5:d7:14"}
STATUSES = {"plant12": "unknown", "lodz": "ended", "estacion": "stopped"}
OPENED = {"plant7": 5, "plant07": 2, "pump": 0.1}
ALL = set(NAMES) - {"lodz", "estacion"}
SSH = {"plant7", "plants7", "plant70", "plant12-7", "pump7", "pi8", "pi80"}

TABLE = [
    # letters, anywhere, whatever their case and accents
    ("gateway", {"plant7", "plant70", "plant12", "plant12-7", "crossing"}),
    ("GATEW", {"plant7", "plant70", "plant12", "plant12-7", "crossing"}),
    ("ateway", {"plant7", "plant70", "plant12", "plant12-7", "crossing"}),
    ("status:all estacion", {"estacion"}),
    ("status:all ESTACIÓN", {"estacion"}),
    ("status:all jose", {"estacion"}),
    ("status:all lodz", {"lodz"}),
    ("status:all strasse", {"lodz"}),
    ("spare ssh", {"pump7"}),
    ("nobody", set()),
    ("k", {"ab", "plant7", "plant07", "plant70"}),
    ("ab", {"ab"}),
    ("ca", {"plant-7", "cab"}),
    # a number is whole, and belongs to the word before it
    ("7", {"plant7", "plant07", "plant-7", "plants7", "plant12-7", "pump", "pump7", "crossing"}),
    ("07", {"plant7", "plant07", "plant-7", "plants7", "plant12-7", "pump", "pump7", "crossing"}),
    ("70", {"plant70", "plant12"}),
    ("plant 7", {"plant7", "plant07", "plant-7", "plants7"}),
    ("PLANT  007", {"plant7", "plant07", "plant-7", "plants7"}),
    ("plant 7 plc", {"plant7"}),
    ("plc plant 7", {"plant7"}),
    ("7 plant", {"plant7", "plant07", "plant-7", "plants7", "plant12-7", "crossing"}),
    ("plant 12 gateway 7", {"plant12-7"}),
    ("gateway 70", {"plant12"}),
    ("pump 7", {"pump7"}),
    ("raspberrypi-8", {"pi8"}),
    ("pi 8", {"pi8"}),
    ("plant7", {"plants7"}),
    # phrases and wildcards
    ('"plant 7 plc"', {"plant7"}),
    ('"plant 7"', {"plant7", "plant07"}),
    ('"7 plc"', {"plant7"}),
    ("plant*gateway", {"plant7", "plant70", "plant12", "plant12-7"}),
    ("Plant 7*", {"plant7", "plant07", "plant-7", "plants7"}),
    ("plant*7", {"plant7", "plant07", "plant-7", "plants7", "plant12-7"}),
    ('device:"Plant 7*"', {"plant7", "plant07"}),
    ("device:*spare*", {"pump7"}),
    ("device:plant", {"crossing"}),
    ("device:*gateway", {"plant7", "plant70"}),
    ('device:"plant * gateway"', {"plant7", "plant70"}),
    ('device:"plant * station"', set()),
    ('device:""', {"nameless"}),
    ("-device:*", {"nameless"}),
    # fields
    ("opener:dana.k@example.com", {"plant7", "plant70"}),
    ("OPENED_BY:DANA.K@EXAMPLE.COM", {"plant7", "plant70"}),
    ("opener:dana_k@example.com", {"plant07"}),
    ("opener:dana", set()),
    ("opener:dana*", {"plant7", "plant07", "plant70"}),
    ("opener:mia@*", {"plant-7", "pump7"}),
    ("service:ssh", SSH),
    ("service:vnc,rtsp", {"pump", "plant-7"}),
    ("service:vnc service:rtsp", {"pump", "plant-7"}),
    ('service:"7 ports"', {"crossing"}),
    ("account:eu", {"plant70"}),
    ("account:e*", {"plant70"}),
    ("status:unknown", {"plant12"}),
    ("status:stopped,ended", {"estacion", "lodz"}),
    ("-status:unknown plant 12", {"plant12-7"}),
    ("age:>4h", {"plant7"}),
    ("age:<15m", {"pump"}),
    ("age:1h-4h", {"plant07"}),
    ("age:>1h age:<4h", {"plant07"}),
    ("id:a481ebed-c678-4da4-60d2-60f1fe8eb5da", {"pi8"}),
    ("A481EBED-C678-4DA4-60D2-60F1FE8EB5DA", {"pi8"}),
    ("a481ebed", {"pi8", "pi80"}),
    ("id:a481*", {"pi8", "pi80"}),
    ("id:*b5db", {"pi80"}),
    ("id:80:00:00:00:01:C5:D7:14", {"pump"}),
    ("80:00:00:00:01:C5", {"pump"}),
    # what is left out
    ("plant 7 -camera", {"plant7", "plant07", "plants7"}),
    ('plc -"plant 12"', {"plant7", "plant70"}),
    ("-service:ssh", ALL - SSH),
    ("-service:ssh,http -z", ALL - SSH - {"plant07", "plant12", "ab", "cab"}),
    ("gateway -opener:bo@*", {"plant7", "plant70", "crossing"}),
    # or binds weaker than a blank
    ("pump 7 or plant 70", {"pump7", "plant70"}),
    ("plc 70 or camera", {"plant70", "plant-7"} - {"plant70"}),
    ("status:ended or camera", {"lodz", "plant-7"}),
    ("plant 7 service:ssh or vnc", {"plant7", "plants7", "pump"}),
    # names that hold operators
    ('"or (a"', {"hostile"}),
    (r'device:"Or (a \"b\", 50%_c\*) -not:x \\"', {"hostile"}),
    ('"50%_c"', {"hostile"}),
    ('"%"', {"hostile"}),
    ('service:"odd:service"', {"hostile"}),
    ('opener:dana.k@example.com device:"Plant 7 PLC gateway*","Plant 12 PLC gateway*"', {"plant7"}),
]


@pytest.fixture
def cast(db, account, make_connection):
    now = timezone.now()
    for key, (device, service, opener) in NAMES.items():
        facts = {"device_name": device, "service_name": service, "opened_by": opener}
        facts["status"] = STATUSES.get(key, "active")
        facts["connection_id"] = IDS.get(key, f"{uuid.UUID(int=hash(key) % 2**100 + (0xB << 124))}")
        facts["opened_at"] = now - timedelta(hours=OPENED[key]) if key in OPENED else None
        if key in ADDRESSES:
            facts["device_address"] = ADDRESSES[key]
        if key == "plant70":
            facts["account"] = Account.objects.get_or_create(name="EU")[0]
        made = make_connection(**facts)
        made.proxy_address = key
        made.save(update_fields=["proxy_address"])


def found(text):
    return set(parse(text).apply(Connection.objects.all()).values_list("proxy_address", flat=True))


@pytest.mark.both
def test_each_search_finds_what_it_means_and_nothing_else(cast):
    wrong = {text: found(text) ^ meant for text, meant in TABLE if found(text) != meant}
    assert len(TABLE) >= 60
    assert wrong == {}


def test_the_normal_form_means_the_same_and_is_its_own(cast):
    for text, meant in TABLE:
        normal = parse(text).text
        assert parse(normal).text == normal
        assert found(normal) == meant, text


def test_the_order_in_which_a_filter_is_typed_makes_no_other_filter(cast):
    assert parse("service:ssh plc plant 7").text == parse("plc service:ssh plant 7").text


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ('plant "7', '"7'),
        ('24" screen', '"'),
        ("servce:ssh", "servce"),
        ("service:", "service:"),
        ("service:ssh,", ","),
        ("age:>4", ">4"),
        ("age:>", ">"),
        ("age:4h", "4h"),
        ("age:4h-1h", "4h-1h"),
        ("status:opne", "opne"),
        ("account:nobody", "nobody"),
        ("id:xyz", "xyz"),
        ("newer:x", "x"),
        ("(plant 7)", "(plant"),
        ("plant or", "or"),
        ("or plant", "or"),
        ("plant - 7", "-"),
        ("*", "*"),
        ('""', '""'),
        ("-plant 7", "-plant 7"),
        ("device:plant 7", "device:plant 7"),
        ('"plant"7', '"plant"7'),
        ("http://host", "http"),
        ("plant\x007", "\x00"),
    ],
)
def test_what_is_not_understood_points_at_its_word(db, text, word):
    with pytest.raises(MatchError) as error:
        parse(text)
    assert text[error.value.start : error.value.end] == word


def test_every_word_that_is_not_understood_is_named(db):
    with pytest.raises(MatchError) as error:
        parse("servce:ssh plant age:>4 status:opne")
    assert [fault.mends[0] for fault in error.value.faults] == ["service", ">4min", "open"]


def test_too_long_a_search_is_an_error(db):
    with pytest.raises(MatchError, match="at most 2000 letters"):
        parse("plant " * 500)
    with pytest.raises(MatchError, match="at most 60 parts"):
        parse(" ".join(f"w{n}x" for n in range(61)))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "open connections"),
        ("plant 7 -pump", "open connections, with “plant 7” in a name, without “pump” in a name"),
        (
            "status:all opener:a@b device:x*,y -service:ssh",
            "connections of any status, opened by “a@b”, device “x*” or “y”, not service “ssh”",
        ),
        ("age:>4h ends:<30min", "open connections, open for at least 4 h, ending by themselves in under 30 min"),
        ("status:unknown,stopped ends:past", "unknown or stopped connections, past their own end"),
        ("pump or gate", "open connections, with “pump” in a name; or: open connections, with “gate” in a name"),
    ],
)
def test_it_says_in_words_what_it_means(db, text, words):
    assert parse(text).words() == words


def test_a_name_is_found_by_what_it_was_changed_to(make_connection):
    made = make_connection(device_name="before", proxy_address="it")
    made.device_name = "Saved"
    made.save(update_fields=["device_name"])
    assert found("saved") == {"it"}
    Connection.objects.filter(device_name="Saved").update(device_name="Updated")
    assert found("updated") == {"it"}
    made.device_name = "In bulk"
    Connection.objects.bulk_update([made], ["device_name"])
    assert found('"in bulk"') == {"it"}
    assert found("before or saved or updated") == set()
