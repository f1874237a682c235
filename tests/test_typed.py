"""Names, dates and times as people and their programs type them."""

from __future__ import annotations

import contextlib
from datetime import date, datetime, timezone

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pronounce_kit.typed import look, moment_of, near, spelled

AT_1305 = datetime(2025, 3, 31, 13, 5, 33, tzinfo=timezone.utc)


@pytest.mark.parametrize(
    "text",
    [
        "2025/03/31 2:05:33 PM GMT+1",
        "2025/03/31 2:05:33 PM UTC+1",
        "2025/03/31 2:05:33 PM GMT+01:00",
        "2025/03/31 2:05:33 PM GMT+0100",
        "2025/03/31 8:05:33 AM GMT-5",
        "2025/03/31 8:05:33 a. m. GMT-5",
        "2025/03/31 8:05:33 a.m. GMT−5",
        "2025/03/31 6:35:33\u202fpm GMT+5:30",
        "2025-03-31T14:05:33+01:00",
        "2025-03-31 14:05:33 +0100",
        "2025-03-31 14:05:33+01",
        "2025-03-31T13:05:33Z",
        "2025-03-31T13:05:33.000Z",
        "2025-03-31 13:05:33 UTC",
        "2025-03-31 13:05:33 GMT",
        "2025-03-31 14:05:33 CET",
        "2025-03-31 15:05:33 CEST",
        "2025-03-31 15:05:33 Europe/Berlin",
        "2025-03-31 9:05:33 EDT",
        "2025/03/31 下午 9:05:33 [GMT+8]",
        "2025. 3. 31. 오후 10:05:33 KST",
    ],
)
def test_a_time_zone_counts_as_people_mean_it(text):
    assert moment_of(text) == AT_1305


@pytest.mark.parametrize(
    ("text", "hour", "minute"),
    [
        ("12:00 am", 0, 0),
        ("12:30 PM", 12, 30),
        ("1:05 a.m.", 1, 5),
        ("11:59 p. m.", 23, 59),
        ("2 PM", 14, 0),
        ("0:05", 0, 5),
    ],
)
def test_noon_and_midnight_are_those_of_a_clock_with_twelve_hours(text, hour, minute):
    assert moment_of(f"2025-03-31 {text} UTC") == datetime(2025, 3, 31, hour, minute, tzinfo=timezone.utc)


@pytest.mark.parametrize("zone", ["EST", "CST", "IST", "BST", "PST", "XYZ"])
def test_a_zone_with_several_meanings_is_asked_about(zone):
    with pytest.raises(ValueError, match=rf"{zone} is the name of several time zones.*\+01:00"):
        moment_of(f"2025-03-31 14:05 {zone}")


@pytest.mark.parametrize(
    "text",
    ["03/04/2025", "31.3.2025",
     "2025-13-01", "0000-00-00", "1900-01-00", "2025-03-31 25:00", "2025-03-31 13:05 PM",
     "2025-03-31 14", "2025-03-31 14:05 GMT+25", "2025-03-31 14:05 GMT+1:75", "2025-03-31 14:05 Mars/Phobos",
     "NaT", ""],
)  # fmt: skip
def test_what_is_no_date_says_so(text):
    with pytest.raises(ValueError, match=r"\.$"):
        moment_of(text)


@pytest.mark.parametrize("value", [pd.NaT, np.datetime64("NaT"), 45000.5, None, np.datetime64("12345-01-01")])
def test_a_cell_that_is_no_date_says_so(value):
    with pytest.raises(ValueError, match="is no date"):
        moment_of(value)


@pytest.mark.parametrize("zone", ["Asia/Tokyo", "America/New_York"])
@pytest.mark.parametrize("text", ["0001-01-01", "9999-12-31 23:59"])
def test_the_first_and_the_last_moment_are_a_date_or_told_wherever_the_machine_is(zone, text, monkeypatch):
    import time

    if not hasattr(time, "tzset"):
        pytest.skip("this system's time zone cannot be changed from here")
    monkeypatch.setenv("TZ", zone)
    time.tzset()
    try:
        for value in (text, datetime.fromisoformat(text)):
            with contextlib.suppress(ValueError):
                assert moment_of(value).tzinfo is timezone.utc
    finally:
        monkeypatch.undo()
        time.tzset()


@given(st.datetimes(datetime(1975, 1, 1), datetime(2100, 1, 1)))
def test_what_python_and_pandas_write_is_read_back(moment):
    aware = moment.replace(tzinfo=timezone.utc)
    for value in (aware.isoformat(), str(pd.Timestamp(aware)), aware, pd.Timestamp(aware), np.datetime64(moment)):
        assert moment_of(value) == (moment.astimezone(timezone.utc) if isinstance(value, np.datetime64) else aware)
    assert moment_of(moment.date()) == datetime(*moment.timetuple()[:3]).astimezone(timezone.utc)
    assert isinstance(moment.date(), date)


# --- names ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("O’Brien", "O'Brien"),
        ("O‘Brien", "O`Brien"),
        ("Ana\u200b Silva", "Ana Silva"),
        ("\ufeffAna\u00a0Silva\u200e", "Ana  Silva "),
        ("Zoe\u0308", "Zoë"),
        ("Ａｎａ　Ｓｉｌｖａ", "Ana Silva"),
        ("Smith‐Jones", "Smith-Jones"),
        ("So\u00adphie", "Sophie"),
        ("Ana\u200dSilva", "AnaSilva"),
    ],
)
def test_names_that_nobody_can_tell_apart_look_the_same(one, other):
    assert look(one) == look(other)
    assert near(one) == near(other)


@pytest.mark.parametrize(
    ("one", "other"), [("Ana", "ana"), ("Ana", "Ana."), ("José", "Jose"), ("Ana Maria", "AnaMaria")]
)
def test_names_with_a_difference_to_be_seen_are_two_and_near(one, other):
    assert look(one) != look(other)
    assert near(one) == near(other)


def test_a_joiner_stays_where_it_changes_the_letters():
    assert "\u200c" in spelled("علی\u200cرضا")
    assert "\u200d" in spelled("👩\u200d🎓")


@given(st.text(max_size=20))
def test_a_name_spelled_once_stays_as_it_is(name):
    assert spelled(spelled(name)) == spelled(name)
    assert look(spelled(name)) == look(name)
