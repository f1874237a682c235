from __future__ import annotations

import json
import socket
import time
from typing import Any

import numpy as np
import pytest
import requests

from pronounce_kit.local import LocalSpeech
from pronounce_kit.recording import Recording
from pronounce_kit.results import Assessment

from .conftest import Spoken
from .live import FIXED, KEY, STT, TEXT, WAV, Live, chunk, encoded, head, received, wav

LANGUAGE = f"{STT}?language=en-US"


def scores_of(reply: requests.Response | bytes) -> Assessment:
    body = reply.partition(b"\r\n\r\n")[2] if isinstance(reply, bytes) else reply.content
    assessment = Assessment.from_json(body)
    assert assessment.status == "Success", body
    assert assessment.scores.accuracy is not None
    assert assessment.scores.accuracy > 60
    return assessment


def test_an_assessment_over_http_is_the_reply_of_the_service_itself(
    live: Live, spoken: Spoken, speech: LocalSpeech
) -> None:
    from pronounce_kit.params import PronunciationScoreParams

    params = encoded(EnableMiscue="True", NBestPhonemeCount=3, PhonemeAlphabet="IPA")
    by_header = live.post(STT, spoken.wav, {**WAV, "Pronunciation-Assessment": params}, language="en-US")
    by_query = live.post(STT, spoken.wav, WAV, language="en-US", format="detailed", pronunciationScoreParams=params)
    direct = speech.assess(spoken.wav, params=PronunciationScoreParams.from_base64(params)).raw
    assert by_header.json() == by_query.json() == direct
    assert by_header.headers["Content-Type"] == "application/json"
    assert by_header.headers["X-RequestId"]


@pytest.mark.parametrize(
    "content_type",
    [
        "audio/wav; codecs=audio/pcm; samplerate=16000",
        "audio/wav; codec=audio/pcm; samplerate=16000",
        'audio/wav; codec="audio/pcm"; samplerate=16000',
        "Audio/WAV;codecs='audio/pcm';samplerate=\"16000\"",
        "audio/wav",
    ],
)
def test_the_content_type_of_wav_is_taken_in_every_spelling(live: Live, spoken: Spoken, content_type: str) -> None:
    scores_of(live.assess(spoken.wav, {"Content-Type": content_type}))


@pytest.mark.parametrize(
    "content_type", ["audio/ogg; codecs=opus", "audio/ogg; codec=opus", "audio/ogg; codec=audio/pcm; samplerate=16000"]
)
def test_ogg_opus_is_assessed(live: Live, spoken: Spoken, content_type: str) -> None:
    scores_of(live.assess(spoken.ogg, {"Content-Type": content_type}))


@pytest.fixture(scope="module")
def expected(live: Live, spoken: Spoken) -> Any:
    """The reply to the recording as it is."""
    return live.assess(spoken.wav).json()


@pytest.mark.parametrize("size", [0, 1, 100, 0x7FFFFFFF, 0xFFFFFFFF])
@pytest.mark.parametrize("layout_size", [16, 18])
def test_the_declared_size_of_a_wav_is_not_trusted(
    live: Live, spoken: Spoken, expected: Any, size: int, layout_size: int
) -> None:
    lying = wav(spoken.pcm, size=size, riff=size, layout_size=layout_size)
    assert live.assess(lying).json() == expected


def test_a_chunked_upload_with_expect_is_told_to_continue(live: Live, spoken: Spoken) -> None:
    with socket.create_connection(("127.0.0.1", live.port), timeout=10) as sock:
        sock.sendall(
            head(
                LANGUAGE, Content_Type=WAV["Content-Type"], Transfer_Encoding="chunked", Expect="100-continue",
                Pronunciation_Assessment=encoded(),
            )
        )  # fmt: skip
        assert sock.recv(100).startswith(b"HTTP/1.1 100")
        live_wav = wav(spoken.pcm, size=0, riff=0)
        for start in range(0, len(live_wav), 1024):  # as the sample of the seeds
            sock.sendall(chunk(live_wav[start : start + 1024]))
        sock.sendall(chunk(b""))
        scores_of(received(sock))


def test_a_refusal_comes_before_a_client_with_expect_sends_its_audio(live: Live) -> None:
    request = head(STT, Content_Type="audio/wav", Transfer_Encoding="chunked", Expect="100-continue")
    with socket.create_connection(("127.0.0.1", live.port), timeout=10) as sock:
        sock.sendall(request)
        reply = received(sock)
        assert reply.startswith(b"HTTP/1.1 400")
        assert b"connection: close" in reply.lower()
        assert sock.recv(100) == b""


def test_silence_is_told_as_the_service_tells_it_and_read_without_scores(live: Live) -> None:
    silence = Recording(np.zeros(32000, np.float32)).to_wav()
    reply = live.assess(silence)
    assert reply.status_code == 200
    sent = reply.json()
    assert [sent[key] for key in ("RecognitionStatus", "DisplayText", "Duration", "SNR")] == ["Success", ".", 2e7, 0]
    assert [word["ErrorType"] for word in sent["NBest"][0]["Words"]] == ["Omission", "Omission"]
    read = Assessment.from_json(sent)
    assert (read.status, read.scores.accuracy) == ("InitialSilenceTimeout", None)
    assert live.assess(wav(b"")).json() == {"RecognitionStatus": "InitialSilenceTimeout", "Offset": 0, "Duration": 0}


def test_an_empty_body_gets_an_empty_object(live: Live) -> None:
    for headers in ({}, WAV):
        reply = live.post(STT, b"", headers, language="en-US")
        assert (reply.status_code, reply.json()) == (200, {})


@pytest.mark.parametrize(
    "query",
    [
        *({}, {"language": ""}, {"language": "english"}, {"language": "xx-YY"}, {"language": "de-DE"}),
        {"language": "en-US", "cid": "no such thing"},
    ],
)
def test_a_wrong_language_or_cid_is_refused_in_the_words_of_the_service(
    live: Live, spoken: Spoken, query: dict[str, str]
) -> None:
    reply = live.post(STT, spoken.wav, {**WAV, "Pronunciation-Assessment": encoded()}, **query)
    assert (reply.status_code, reply.json()) == (400, {"Message": "Invalid CID or language"})


def test_language_is_read_without_case_and_an_endpoint_id_is_passed_over(live: Live, spoken: Spoken) -> None:
    headers = {**WAV, "Pronunciation-Assessment": encoded()}
    cid = "b2f3c1de-0000-4000-8000-1234567890ab"
    scores_of(live.post(STT, spoken.wav, headers, language="EN-us", cid=cid, format="Detailed", profanity="RAW"))


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (wav(bytes(3200), channels=2), "audio/wav"),
        (wav(bytes(3200), rate=8000), "audio/wav"),
        (wav(bytes(3200), bits=8), "audio/wav"),
        (wav(bytes(3200), tag=3), "audio/wav"),
        (bytes(3200), "audio/wav"),
        (b"RIFF", "audio/wav"),
        (b"\x1a\x45\xdf\xa3" + bytes(3200), "audio/wav"),
        (b"OggS" + bytes(3200), "audio/ogg; codecs=opus"),
        (b"OggS" + bytes(24) + b"OpusHead" + bytes(3200), "audio/ogg; codecs=opus"),
        (wav(bytes(3200), rate=8000), "audio/wav; codecs=audio/pcm; samplerate=16000"),
        (wav(bytes(3200), rate=44100), "application/octet-stream"),
        (b"OggS" + bytes(3200), "audio/webm"),
        (bytes(3200), "application/x-www-form-urlencoded"),
        (bytes(3200), ""),
    ],
)
def test_another_audio_format_is_refused_and_not_scored(live: Live, body: bytes, content_type: str) -> None:
    reply = live.assess(body, {"Content-Type": content_type})
    assert (reply.status_code, reply.json()) == (400, {"Message": "Unsupported audio format"})


@pytest.mark.parametrize(
    "content_type",
    [
        "audio/ogg; codecs=opus",
        "audio/webm",
        "audio/wav; codecs=alaw",
        "audio/wav; codecs=audio/pcm; samplerate=44100",
        "application/x-www-form-urlencoded",
        "application/octet-stream",
        "",
    ],
)
def test_a_wav_is_what_its_header_says_whatever_the_content_type(live: Live, spoken: Spoken, content_type: str) -> None:
    assert scores_of(live.assess(spoken.wav, {"Content-Type": content_type})).words


@pytest.mark.parametrize("mode", ["conversation", "interactive", "dictation"])
@pytest.mark.parametrize("prefix", ["", "/stt"])
def test_every_mode_and_address_answers_alike(live: Live, spoken: Spoken, prefix: str, mode: str) -> None:
    path = f"{prefix}/speech/recognition/{mode}/cognitiveservices/v1"
    headers = {**WAV, "Pronunciation-Assessment": encoded()}
    reply = live.post(path, spoken.wav, headers, language="en-US")
    assert reply.json() == live.assess(spoken.wav).json()


@pytest.mark.parametrize("name", ["Pronunciation-Assessment", "pronunciationScoreParams"])
def test_either_name_of_the_parameters_is_read_in_either_place(live: Live, spoken: Spoken, name: str) -> None:
    expected = live.assess(spoken.wav).json()
    assert live.post(STT, spoken.wav, {**WAV, name: encoded()}, language="en-US").json() == expected
    assert live.post(STT, spoken.wav, WAV, language="en-US", **{name: encoded()}).json() == expected


@pytest.mark.parametrize("language", ["en-us", "EN-us", "en_US", "en_us", " en-US "])
def test_a_language_is_read_in_any_spelling(live: Live, spoken: Spoken, language: str) -> None:
    headers = {**WAV, "Pronunciation-Assessment": encoded()}
    scores_of(live.post(STT, spoken.wav, headers, language=language))


def test_ogg_opus_labelled_as_wav_is_refused(live: Live, spoken: Spoken) -> None:
    assert live.assess(spoken.ogg).status_code == 400


@pytest.mark.parametrize(
    "params", ["!!!", "bm8ganNvbg==", "W10=", "e30=", encoded(Granularity="Letter"), encoded(NBestPhonemeCount=-1)]
)
def test_wrong_assessment_parameters_are_refused_with_the_reason(live: Live, spoken: Spoken, params: str) -> None:
    reply = live.post(STT, spoken.wav, {**WAV, "Pronunciation-Assessment": params}, language="en-US")
    assert reply.status_code == 400
    assert reply.json()["Message"].startswith("Invalid pronunciation assessment parameters. ")


def test_a_text_that_cannot_be_read_is_refused_with_the_reason(live: Live, spoken: Spoken) -> None:
    reply = live.assess(spoken.wav, ReferenceText="...")
    assert reply.status_code == 400
    assert "can be read aloud" in reply.json()["Message"]


def test_a_wrong_format_or_profanity_is_refused(live: Live, spoken: Spoken) -> None:
    for query in ({"format": "xml"}, {"profanity": "allowed"}):
        reply = live.post(STT, spoken.wav, WAV, language="en-US", **query)
        assert reply.status_code == 400
        assert "Use" in reply.json()["Message"]


def test_recognition_is_passed_on_in_the_format_asked_for(live: Live, spoken: Spoken) -> None:
    detailed = live.post(STT, spoken.wav, WAV, language="en-US", format="detailed", profanity="raw")
    assert detailed.json() == FIXED
    simple = live.post(STT, spoken.wav, WAV, language="en-US")
    assert simple.json() == {key: value for key, value in FIXED.items() if key != "NBest"}


def test_what_the_engine_cannot_do_is_501_and_says_what_can(engine_only: Live, spoken: Spoken) -> None:
    unscripted = engine_only.assess(spoken.wav, ReferenceText="")
    plain = engine_only.post(STT, spoken.wav, WAV, language="en-US")
    for reply, said in ((unscripted, "cloud service"), (plain, "reference text")):
        if reply.status_code != 200:  # until the engine can do it
            assert reply.status_code == 501
            assert reply.json()["error"]["code"] == "501"
            assert said in reply.json()["error"]["message"]


def test_a_recording_over_the_limit_is_refused_with_both_lengths(live: Live) -> None:
    minute = np.zeros(61 * 16000, np.float32)
    minute[::7] = 0.1
    long = Recording(minute)
    for body, kind in ((long.to_wav(), "audio/wav"), (long.to_ogg_opus(), "audio/ogg; codecs=opus")):
        started = time.monotonic()
        reply = live.assess(body, {"Content-Type": kind})
        assert reply.status_code == 413, kind
        assert "longer than 60 seconds (61" in reply.json()["error"]["message"]
        assert time.monotonic() - started < 3


def test_unknown_addresses_and_methods_are_refused_in_json(live: Live) -> None:
    missing = requests.get(live.url + "/nothing", timeout=5)
    assert missing.status_code == 404
    assert missing.json()["error"]["code"] == "404"
    assert missing.headers["X-RequestId"]
    wrong = requests.get(live.url + STT, timeout=5)
    assert wrong.status_code == 405
    assert wrong.headers["Allow"] == "POST"
    assert requests.get(live.url + "/health", timeout=5).json()["status"] == "ok"


def test_one_connection_serves_one_request_after_another(live: Live, spoken: Spoken) -> None:
    with requests.Session() as session:
        for _ in range(3):
            reply = session.post(
                f"{live.url}{LANGUAGE}", data=b"x" * 1000, headers={"Ocp-Apim-Subscription-Key": "no"}, timeout=5
            )
            assert reply.status_code == 401
        headers = {**WAV, "Ocp-Apim-Subscription-Key": KEY, "Pronunciation-Assessment": encoded()}
        scores_of(session.post(f"{live.url}{LANGUAGE}", data=spoken.wav, headers=headers, timeout=20))


def test_text_outside_ascii_reaches_the_engine(live: Live, spoken: Spoken) -> None:
    assert scores_of(live.assess(spoken.wav, ReferenceText="Good morning — “morning”!")).words
    assert json.loads(live.assess(spoken.wav, ReferenceText="Góod morning").content)["RecognitionStatus"] == "Success"
    assert TEXT == "Good morning."
