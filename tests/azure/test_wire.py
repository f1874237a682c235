"""What goes over the wire, byte by byte."""

from __future__ import annotations

import base64
import json
import struct
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import requests

import pronounce_kit as pk
from pronounce_kit.azure import NO_RETRY, AzureSpeech, ExpectAdapter, Timing
from pronounce_kit.azure.upload import CHUNK_BYTES, LIVE_WAV_HEADER

from .server import CLOSE, FLAT, RESET, FakeTime, Seen, Server, Stall, reply, speech

KEY = "0123456789abcdef0123456789abcdef"
RECORDING = pk.Recording.from_array(speech(2.5), 16_000)
PATH = "/speech/recognition/conversation/cognitiveservices/v1"


def test_an_assessment_is_the_request_of_the_documentation() -> None:
    with Server(watch=True) as server, AzureSpeech(KEY, endpoint=server.url) as service:
        assessment = service.assess(RECORDING, "Good morning.")
    (seen,) = server.seen
    assert (seen.method, seen.path) == ("POST", PATH)
    assert seen.query == {"language": "en-US", "format": "detailed"}
    headers = seen.headers
    assert headers["ocp-apim-subscription-key"] == KEY
    assert headers["accept"] == "application/json"
    assert headers["content-type"] == "audio/wav; codecs=audio/pcm; samplerate=16000"
    assert headers["transfer-encoding"] == "chunked"
    assert headers["expect"] == "100-continue"
    assert "content-length" not in headers
    assert "authorization" not in headers
    params = json.loads(base64.b64decode(headers["pronunciation-assessment"]))
    assert params["ReferenceText"] == "Good morning."
    assert params["Dimension"] == "Comprehensive"
    assert seen.body_before_100 is False
    assert assessment.raw == json.loads(FLAT)
    assert assessment.scores.accuracy == 50.0
    assert assessment.reference_text == "Good morning."


def test_only_the_first_chunk_has_the_wav_header_and_the_chunks_are_the_file() -> None:
    with Server() as server, AzureSpeech(KEY, endpoint=server.url) as service:
        service.assess(RECORDING, "Good morning.")
    chunks = server.seen[0].chunks
    assert len(chunks) == 3
    assert chunks[0].startswith(b"RIFF")
    assert not any(b"RIFF" in chunk for chunk in chunks[1:])
    assert all(len(chunk) == CHUNK_BYTES for chunk in chunks[:-1])
    assert b"".join(chunks) == RECORDING.to_wav()


def test_the_parameters_go_into_the_query_on_request() -> None:
    with Server() as server, AzureSpeech(KEY, endpoint=server.url, params_in="query") as service:
        service.assess(RECORDING, "Grüße? a+b/c", params=pk.PronunciationScoreParams("", enable_miscue=False))
    (seen,) = server.seen
    assert "pronunciation-assessment" not in seen.headers
    params = pk.PronunciationScoreParams.from_base64(seen.query["pronunciationScoreParams"])
    assert params == pk.PronunciationScoreParams("Grüße? a+b/c", enable_miscue=False)


def test_a_plain_upload_has_a_length_and_waits_for_nothing() -> None:
    with Server() as server, AzureSpeech(KEY, endpoint=server.url, chunked=False) as service:
        service.assess(RECORDING, "Good morning.")
    (seen,) = server.seen
    assert seen.headers["content-length"] == str(len(RECORDING.to_wav()))
    assert not {"expect", "transfer-encoding"} & set(seen.headers)
    assert seen.body == RECORDING.to_wav()


def test_opus_is_sent_as_ogg() -> None:
    with Server() as server, AzureSpeech(KEY, endpoint=server.url) as service:
        service.assess(RECORDING, "Good morning.", audio_format="ogg")
    (seen,) = server.seen
    assert seen.headers["content-type"] == "audio/ogg; codecs=opus"
    assert seen.body.startswith(b"OggS")
    assert len(seen.body) < len(RECORDING.to_wav()) / 4


@pytest.mark.parametrize("kind", ["path", "bytes", "file", "recording"])
def test_a_recording_may_be_a_path_bytes_an_open_file_or_a_recording(kind: str, tmp_path: Path) -> None:
    path = RECORDING.save(tmp_path / "a.wav")
    with Server() as server, AzureSpeech(KEY, endpoint=server.url) as service, path.open("rb") as file:
        source = {"path": path, "bytes": path.read_bytes(), "file": file, "recording": RECORDING}[kind]
        service.assess(source, "Good morning.")
    assert server.seen[0].body == RECORDING.to_wav()


def test_after_a_401_to_the_headers_the_audio_stays_here() -> None:
    refusal = reply({"error": {"code": "401", "message": "Access denied"}}, 401)
    with (
        Server(early=lambda seen: refusal if "wrong" in seen.headers["ocp-apim-subscription-key"] else None) as server,
        AzureSpeech("wrong-key", endpoint=server.url) as service,
    ):
        for _ in range(2):
            with pytest.raises(pk.AuthenticationError, match="Access denied") as caught:
                service.assess(RECORDING, "Good morning.")
            assert caught.value.status == 401
    time.sleep(0.15)
    assert [seen.has_body for seen in server.seen] == [False, False]
    assert server.connections == 2  # the server may still wait for a body on the first


def test_a_connection_is_used_again_after_100_and_a_reply() -> None:
    with Server() as server, AzureSpeech(KEY, endpoint=server.url) as service:
        for _ in range(5):
            service.assess(RECORDING, "Good morning.")
    assert server.connections == 1
    assert len(server.seen) == 5


def test_other_interim_replies_before_100_are_passed_over() -> None:
    hints = b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n"

    class Hinting(Server):
        def _one(self, sock, file, number):  # type: ignore[no-untyped-def]
            if not file.peek(1):
                return False
            sock.sendall(hints)
            return super()._one(sock, file, number)

    with Hinting() as server, AzureSpeech(KEY, endpoint=server.url) as service:
        assert service.assess(RECORDING, "Good morning.").status == "Success"
    assert server.seen[0].body == RECORDING.to_wav()


def test_a_server_that_never_says_100_is_waited_for_once_and_for_a_second_at_most() -> None:
    with Server(continues=False) as server, AzureSpeech(KEY, endpoint=server.url) as service:
        start = time.monotonic()
        for _ in range(3):
            assert service.assess(RECORDING, "Good morning.").status == "Success"
        assert 0.9 < time.monotonic() - start < 2.0
    assert all(seen.body == RECORDING.to_wav() for seen in server.seen)


def test_half_a_status_line_within_the_wait_is_not_lost() -> None:
    whole = reply()

    def dawdle(seen: Seen) -> bytes:
        return whole[7:]

    class Dawdling(Server):
        def _one(self, sock, file, number):  # type: ignore[no-untyped-def]
            if not file.peek(1):
                return False
            sock.sendall(whole[:7])
            return super()._one(sock, file, number)

    with Dawdling(dawdle, continues=False) as server, AzureSpeech(KEY, endpoint=server.url) as service:
        assert service.assess(RECORDING, "Good morning.").scores.accuracy == 50.0


def test_a_session_without_the_adapter_sends_no_expect() -> None:
    with requests.Session() as session, Server(watch=True) as server:
        service = AzureSpeech(KEY, endpoint=server.url, session=session)
        service.assess(RECORDING, "Good morning.")
        session.mount("http://", ExpectAdapter())
        service.assess(RECORDING, "Good morning.")
    assert ["expect" in seen.headers for seen in server.seen] == [False, True]


def test_recognition_asks_with_the_documented_parameters() -> None:
    with Server() as server, AzureSpeech(KEY, endpoint=server.url) as service:
        found = service.recognize(RECORDING, language="de-DE", format="detailed", profanity="raw", cid="ab-12")
    (seen,) = server.seen
    assert seen.query == {"language": "de-DE", "format": "detailed", "profanity": "raw", "cid": "ab-12"}
    assert "pronunciation-assessment" not in seen.headers
    assert (found.status, found.display_text, found.lexical) == ("Success", "Good morning.", "good morning")


def test_live_audio_is_sent_while_it_is_made() -> None:
    pcm = RECORDING.to_wav()[44:]
    arrived = threading.Event()

    class Watching(Server):
        pass

    def microphone() -> Iterator[bytes]:
        yield pcm[:3201]  # not even whole samples
        deadline = time.monotonic() + 5
        while not (server.seen and b"".join(server.seen[0].chunks)[44:] == pcm[:3201]):
            assert time.monotonic() < deadline
            time.sleep(0.005)
        arrived.set()
        yield b""
        yield pcm[3201:]

    with Watching() as server, AzureSpeech(KEY, endpoint=server.url) as service:
        assert service.assess_stream(microphone(), "Good morning.").status == "Success"
    assert arrived.is_set()
    chunks = server.seen[0].chunks
    assert chunks[0] == LIVE_WAV_HEADER
    assert struct.unpack("<I", chunks[0][40:44]) == (0,)
    assert b"".join(chunks[1:]) == pcm


def test_a_live_recording_begins_anew_after_a_lost_connection_with_all_that_was_said() -> None:
    pcm = RECORDING.to_wav()[44:]
    pulled = 0

    def microphone() -> Iterator[np.ndarray]:
        nonlocal pulled
        for start in range(0, len(pcm), 8000):
            pulled += 1
            yield np.frombuffer(pcm[start : start + 8000], np.int16)

    answers = iter([RESET, CLOSE, reply()])
    times = FakeTime()
    with Server(lambda seen: next(answers)) as server:
        service = AzureSpeech(KEY, endpoint=server.url, timing=Timing(sleep=times.sleep))
        assert service.assess(microphone(), "Good morning.").status == "Success"
    assert pulled == len(range(0, len(pcm), 8000))
    assert [b"".join(seen.chunks) for seen in server.seen] == [LIVE_WAV_HEADER + pcm] * 3
    assert len(times.slept) == 2


def test_an_error_of_the_microphone_reaches_the_caller_as_it_is() -> None:
    def microphone() -> Iterator[bytes]:
        yield b"\0\0" * 100
        raise OSError("the cable was pulled")

    with (
        Server() as server,
        AzureSpeech(KEY, endpoint=server.url) as service,
        pytest.raises(OSError, match="the cable was pulled"),
    ):
        service.assess(microphone(), "Good morning.")
    assert len(server.seen) == 1


@pytest.mark.parametrize("first", [b"RIFF1234", "text", 7])
def test_live_audio_that_is_not_bare_samples_is_refused(first: object) -> None:
    with Server() as server, AzureSpeech(KEY, endpoint=server.url) as service, pytest.raises(pk.AudioError):
        service.assess(iter([first]), "Good morning.")


def test_synthesis_is_the_request_of_the_documentation() -> None:
    def answer(seen: Seen) -> bytes:
        return reply(b"TOKEN.of.letters") if seen.path.endswith("issueToken") else reply(b"RIFFsound")

    with Server(answer) as server, AzureSpeech(KEY, endpoint=server.url) as service:
        sound = service.synthesize(
            "Fish & chips", voice="en-GB-RyanNeural", rate=0.8, output_format="raw-16khz-16bit-mono-pcm"
        )
    assert sound == b"RIFFsound"
    token, speak = server.seen
    assert (token.method, token.path, token.body) == ("POST", "/sts/v1.0/issueToken", b"")
    assert token.headers["content-length"] == "0"
    assert token.headers["ocp-apim-subscription-key"] == KEY
    assert (speak.method, speak.path) == ("POST", "/cognitiveservices/v1")
    assert speak.headers["authorization"] == "Bearer TOKEN.of.letters"
    assert "ocp-apim-subscription-key" not in speak.headers
    assert speak.headers["content-type"] == "application/ssml+xml"
    assert speak.headers["x-microsoft-outputformat"] == "raw-16khz-16bit-mono-pcm"
    assert len(speak.headers["user-agent"]) < 255
    assert b'<prosody rate="-20%">Fish &amp; chips</prosody>' in speak.body
    assert b'xml:lang="en-GB"' in speak.body


def test_a_server_of_ones_own_is_asked_for_its_voice_once() -> None:
    voices = [{"ShortName": "de-DE-A", "Locale": "de-DE"}, {"ShortName": "en-US-Heart", "Locale": "en-US"}]
    with (
        Server(lambda seen: reply(voices) if seen.method == "GET" else reply(b"sound")) as server,
        AzureSpeech(endpoint=server.url) as service,
    ):
        service.synthesize("One")
        service.synthesize("Two")
        assert service.voices() == voices
        with pytest.raises(pk.ParameterError, match="fr-FR"):
            service.synthesize("Trois", language="fr-FR")
    assert [seen.path.rpartition("/")[2] for seen in server.seen] == ["list", "v1", "v1", "list", "list"]
    assert b'name="en-US-Heart"' in server.seen[1].body
    assert not any({"authorization", "ocp-apim-subscription-key"} & set(seen.headers) for seen in server.seen)


def test_what_is_kept_is_there_before_the_service_answers(tmp_path: Path) -> None:
    there: list[list[str]] = []

    def answer(seen: Seen) -> bytes:
        there.append(sorted(path.suffix for path in tmp_path.iterdir()))
        return reply()

    with Server(answer) as server, AzureSpeech(KEY, endpoint=server.url, keep=tmp_path) as service:
        service.assess(RECORDING, "Good morning.")
    assert there == [[".wav"]]
    (wav,) = tmp_path.glob("*.wav")
    assert pk.Recording.from_file(wav) == RECORDING
    assert wav.with_suffix(".json").read_bytes() == FLAT
    assert len(list(tmp_path.iterdir())) == 2


def test_a_live_recording_is_kept_to_its_end_though_the_network_fails(tmp_path: Path) -> None:
    pcm = RECORDING.to_wav()[44:]

    def microphone() -> Iterator[bytes]:
        yield from (pcm[start : start + 16_000] for start in range(0, len(pcm), 16_000))

    refused = reply({"error": {"code": "401", "message": f"no {KEY}"}}, 401)
    with (
        Server(early=lambda seen: refused) as server,
        AzureSpeech(KEY, endpoint=server.url, keep=tmp_path) as service,
        pytest.raises(pk.AuthenticationError),
    ):
        service.assess(microphone(), "Good morning.")
    (wav,) = tmp_path.glob("*.wav")
    assert pk.Recording.from_file(wav) == RECORDING
    (error,) = tmp_path.glob("*.error-401.txt")
    assert KEY not in error.read_text("utf-8")
    assert not list(tmp_path.glob("*.part"))


def test_the_part_of_a_live_recording_can_be_heard_after_a_crash(tmp_path: Path) -> None:
    parts: list[bytes] = []

    def microphone() -> Iterator[bytes]:
        yield b"\1\0" * 16_000
        parts.extend(path.read_bytes() for path in tmp_path.glob("*.part"))

    with Server() as server, AzureSpeech(KEY, endpoint=server.url, keep=tmp_path) as service:
        service.assess(microphone(), "Good morning.")
    assert pk.Recording.from_bytes(parts[0]).duration_s == 1.0


@pytest.mark.parametrize(("call", "seconds", "limit"), [("assess", 31, 30), ("recognize", 61, 60)])
def test_a_recording_over_the_limit_is_refused_before_anything_is_sent(call: str, seconds: int, limit: int) -> None:
    with Server() as server, AzureSpeech(KEY, endpoint=server.url) as service:
        long = pk.Recording.from_array(np.zeros(16_000 * seconds, np.float32), 16_000)
        with pytest.raises(pk.AudioError, match=rf"{seconds} s long; the limit is {limit} s.*split=True"):
            service.assess(long, "x") if call == "assess" else service.recognize(long)
        slightly = pk.Recording.from_array(np.zeros(16_000 * limit + 160, np.float32), 16_000)
        with pytest.raises(pk.AudioError, match=rf"{limit}.01 s long"):
            service.assess(slightly, "x") if call == "assess" else service.recognize(slightly)
        exactly = pk.Recording.from_array(np.zeros(16_000 * limit, np.float32), 16_000)
        service.assess(exactly, "x") if call == "assess" else service.recognize(exactly)
    assert len(server.seen) == 1


def test_live_audio_over_the_limit_is_refused_and_kept(tmp_path: Path) -> None:
    with (
        Server() as server,
        AzureSpeech(KEY, endpoint=server.url, keep=tmp_path) as service,
        pytest.raises(pk.AudioError, match=r"31 s long already; the limit is 30 s"),
    ):
        service.assess((b"\0\0" * 16_000 for _ in range(40)), "x")
    assert pk.Recording.from_file(next(tmp_path.glob("*.wav"))).duration_s == 40


def test_a_stalled_server_costs_the_timeout() -> None:
    start = time.monotonic()
    with Server(lambda seen: Stall(5)) as server:
        service = AzureSpeech(KEY, endpoint=server.url, timeout=(1, 0.2), retry=NO_RETRY)
        with pytest.raises(pk.ServiceTimeoutError, match=r"within 0\.2 s") as caught:
            service.assess(RECORDING, "Good morning.")
    assert time.monotonic() - start < 2
    assert isinstance(caught.value, TimeoutError)
    assert caught.value.retryable


def test_a_redirect_is_an_error_and_is_not_followed() -> None:
    with Server() as elsewhere:
        moved = reply(b"", 307, {"Location": elsewhere.url + PATH})
        with Server(lambda seen: moved) as server, AzureSpeech(KEY, endpoint=server.url) as service:
            with pytest.raises(pk.BadRequestError, match="elsewhere"):
                service.assess(RECORDING, "Good morning.")
            with pytest.raises(pk.BadRequestError, match="elsewhere"):
                service.synthesize("x", voice="en-US-A")
    assert elsewhere.seen == []
