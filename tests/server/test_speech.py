from __future__ import annotations

import io
import wave

import pytest
import requests

from pronounce_kit.local.formats import OUTPUT_FORMATS
from pronounce_kit.recording import Recording
from pronounce_kit.server.failures import RefusalError
from pronounce_kit.server.ssml import read_ssml

from .live import SPEAK, TTS, VOICES, WITH_KEY, Live

SEED_FORMATS = """raw-16khz-16bit-mono-pcm raw-8khz-8bit-mono-mulaw riff-8khz-8bit-mono-mulaw riff-16khz-16bit-mono-pcm
audio-16khz-128kbitrate-mono-mp3 audio-16khz-64kbitrate-mono-mp3 audio-16khz-32kbitrate-mono-mp3
raw-24khz-16bit-mono-pcm riff-24khz-16bit-mono-pcm audio-24khz-160kbitrate-mono-mp3 audio-24khz-96kbitrate-mono-mp3
audio-24khz-48kbitrate-mono-mp3""".split()

# Both samples of the seeds.
HELLO = b"""<speak version='1.0' xmlns="http://www.w3.org/2001/10/synthesis" xml:lang='en-US'>
<voice name='Microsoft Server Speech Text to Speech Voice (en-US, Jessa24kRUS)'>
    Hello, world!
</voice></speak>"""
ZIRA = b"""<speak version='1.0' xml:lang='en-US'><voice xml:lang='en-US' xml:gender='Female'
    name='Microsoft Server Speech Text to Speech Voice (en-US, ZiraRUS)'>
        Microsoft Speech Service Text-to-Speech API
</voice></speak>"""


@pytest.mark.parametrize("ssml", [HELLO, ZIRA])
def test_the_samples_of_the_seeds_are_spoken_by_a_voice_of_their_language(live: Live, ssml: bytes) -> None:
    reply = live.post(TTS, ssml, SPEAK)
    assert reply.status_code == 200
    assert reply.headers["X-Voice"] == "en-US-Heart"
    assert reply.headers["Content-Type"] == "audio/x-wav"
    with wave.open(io.BytesIO(reply.content)) as file:
        assert (file.getframerate(), file.getnchannels(), file.getsampwidth()) == (16000, 1, 2)
        assert file.getnframes() > 8000


@pytest.mark.parametrize("name", sorted({*SEED_FORMATS, *OUTPUT_FORMATS}))
def test_every_output_format_is_made(live: Live, name: str) -> None:
    reply = live.post(TTS, b"Hi.", {"Content-Type": "text/plain", "X-Microsoft-OutputFormat": name})
    assert reply.status_code == 200
    starts = {"riff": b"RIFF", "ogg": b"OggS", "webm": b"\x1aE\xdf\xa3", "raw": b""}
    assert reply.content.startswith(starts.get(name.split("-")[0], (b"ID3", b"\xff")))
    if not name.startswith("raw"):
        assert Recording.from_bytes(reply.content).duration_s > 0.2


def test_without_an_output_format_the_reply_says_which_one_it_has(live: Live) -> None:
    reply = live.post(TTS, HELLO, {"Content-Type": "application/ssml+xml"})
    assert reply.status_code == 200
    assert reply.headers["Content-Type"] == "audio/x-wav; codecs=audio/pcm; samplerate=24000"
    assert reply.headers["X-Microsoft-OutputFormat"] == "riff-24khz-16bit-mono-pcm"
    with wave.open(io.BytesIO(reply.content)) as file:
        assert (file.getframerate(), file.getnchannels(), file.getsampwidth()) == (24000, 1, 2)


@pytest.mark.parametrize(
    "spelled",
    [
        b"<speak version='1.0' xml:lang='en-us'>Hello.</speak>",
        b"<speak version='1.0' xml:lang='en_US'>Hello.</speak>",
        b"<speak><voice name='EN-us-heart'>Hello.</voice></speak>",
        b"<speak><voice name='en-us-jennyneural'>Hello.</voice></speak>",
    ],
)
def test_language_and_voice_are_read_in_any_spelling(live: Live, spelled: bytes) -> None:
    assert live.post(TTS, spelled, SPEAK).headers["X-Voice"] == "en-US-Heart"


def test_a_resource_of_its_own_has_speech_under_tts(live: Live) -> None:
    assert live.post(f"/tts{TTS}", HELLO, SPEAK).content == live.post(TTS, HELLO, SPEAK).content
    listed = [requests.get(f"{live.url}{at}{VOICES}", headers=WITH_KEY, timeout=5) for at in ("", "/tts")]
    assert listed[0].json() == listed[1].json()


def test_plain_text_is_spoken_by_the_default_voice(live: Live) -> None:
    plain = {**SPEAK, "Content-Type": "text/plain; charset=utf-8"}
    spoken = live.post(TTS, "Café & <co>.".encode(), plain)
    assert spoken.status_code == 200
    assert len(spoken.content) > 10_000
    assert live.post(TTS, b"\xff\xfe", plain).json() == {"Message": "The text is not UTF-8."}


@pytest.mark.parametrize(
    ("body", "headers", "status"),
    [
        (HELLO, {"X-Microsoft-OutputFormat": "riff-48khz-16bit-mono-pcm"}, 415),
        (HELLO, {"X-Microsoft-OutputFormat": "mp3"}, 415),
        (HELLO, {"Content-Type": "application/json"}, 415),
        (HELLO, {"Content-Type": ""}, 415),
        (HELLO, {"User-Agent": "x" * 255}, 400),
        (HELLO.replace(b"en-US", b"de-DE"), {}, 400),
        (b"<speak version='1.0' xml:lang='fr-FR'>Bonjour.</speak>", {}, 400),
        (b"<speak><voice name='de-DE-KatjaNeural'>Hallo</voice></speak>", {}, 400),
        (b"<speak/>", {}, 400),
        (b"", {}, 400),
        (b"<speak>", {}, 400),
        (b"Hello", {}, 400),
        (b"<html>Hello</html>", {}, 400),
        (b"<speak>" + b"a " * 33_000 + b"</speak>", {}, 413),
        (b"a " * 8000, {"Content-Type": "text/plain"}, 400),
    ],
)
def test_what_cannot_be_spoken_is_refused(live: Live, body: bytes, headers: dict[str, str], status: int) -> None:
    reply = live.post(TTS, body, {**SPEAK, **headers})
    assert reply.status_code == status
    assert reply.json()["Message" if status == 400 else "error"]


def test_a_user_agent_is_not_asked_for(live: Live) -> None:
    session = requests.Session()
    session.headers.clear()
    assert session.post(live.url + TTS, HELLO, headers={**SPEAK, **WITH_KEY}, timeout=10).status_code == 200


LAUGHS = b"""<?xml version="1.0"?><!DOCTYPE lolz [<!ENTITY lol "lol">
<!ENTITY lol1 "&lol;&lol;&lol;&lol;&lol;&lol;&lol;&lol;&lol;&lol;">
<!ENTITY lol2 "&lol1;&lol1;&lol1;&lol1;&lol1;&lol1;&lol1;&lol1;&lol1;&lol1;">]><speak>&lol2;</speak>"""


@pytest.mark.parametrize(
    "attack",
    [
        LAUGHS,
        b'<!DOCTYPE speak SYSTEM "http://127.0.0.1:1/evil.dtd"><speak>Hi</speak>',
        b'<!DOCTYPE speak PUBLIC "a" "file:///etc/passwd"><speak>Hi</speak>',
        b'<!DOCTYPE speak [<!ENTITY x SYSTEM "file:///etc/passwd">]><speak>&x;</speak>',
        b'<!DOCTYPE speak [<!ENTITY % p SYSTEM "file:///etc/passwd"> %p;]><speak>Hi</speak>',
        b"<!DOCTYPE speak><speak>Hi</speak>",
        LAUGHS.decode().encode("utf-16"),
        b"<speak>&undeclared;</speak>",
        b"<?xml version='1.0' encoding='no-such'?><speak>Hi</speak>",
        b"<speak>" + b"<p>" * 15_000,
        b"<speak " + b"".join(b"a%d='' " % number for number in range(4000)) + b"/>",
    ],
)
def test_attacks_with_entities_and_document_types_are_refused(live: Live, attack: bytes) -> None:
    reply = live.post(TTS, attack, SPEAK)
    assert reply.status_code == 400
    assert "root:" not in reply.text


def test_deep_ssml_is_read_without_recursion() -> None:
    deep = b"<speak>" + b"<p>" * 9000 + b"Hi" + b"</p>" * 9000 + b"</speak>"
    assert read_ssml(deep).text == "Hi"


@pytest.mark.parametrize(
    ("ssml", "text", "voice", "language"),
    [
        ("<speak>a<break/>b <p>c</p>d</speak>", "a b c d", None, None),
        ("<speak xml:lang='en-GB'><voice name='x'>a</voice><voice name='y'>b</voice></speak>", "a b", "x", "en-GB"),
        (
            "<s:speak xmlns:s='u' xml:lang='en-US'>un<s:emphasis>believ</s:emphasis>able</s:speak>",
            "unbelievable",
            None,
            "en-US",
        ),
        ("<speak><sub alias='World Wide Web'>WWW<b>!</b></sub> is</speak>", "World Wide Web is", None, None),
        ("<speak><audio src='http://127.0.0.1/x'>no</audio>yes<mark name='m'/></speak>", "yes", None, None),
        ("<speak><phoneme ph='x'>tomato</phoneme> &amp; &#x3b1;<![CDATA[<p>]]></speak>", "tomato & α<p>", None, None),
        ("<speak><!-- no --><?no no?>yes</speak>", "yes", None, None),
    ],
)
def test_text_and_voice_are_read_from_ssml(ssml: str, text: str, voice: str | None, language: str | None) -> None:
    speech = read_ssml(ssml.encode())
    assert (speech.text, speech.voice, speech.language) == (text, voice, language)


def test_a_refusal_of_ssml_is_a_refusal() -> None:
    with pytest.raises(RefusalError):
        read_ssml(b"\x00")


def test_voices_are_listed_in_the_fields_of_the_service(live: Live) -> None:
    (voice,) = requests.get(live.url + VOICES, headers=WITH_KEY, timeout=5).json()
    assert isinstance(voice["SampleRateHertz"], str)
    assert {"Name", "DisplayName", "LocalName", "ShortName", "Gender", "Locale", "LocaleName", "VoiceType"} <= set(
        voice
    )
