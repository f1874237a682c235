"""Clients that nobody here wrote, with nothing changed but the host."""

from __future__ import annotations

import io
import json
import shlex
import shutil
import subprocess
import urllib.request
import wave
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from pronounce_kit.azure import AzureSpeech
from pronounce_kit.params import PronunciationScoreParams

from .conftest import Spoken
from .live import KEY, STT, TEXT, Live, WithFixedRecognition, chunk, encoded, head, wav

# The curl sample of the 2018 seed.
SEED_TOKEN = r"""curl -v -X POST
 "https://westus.api.cognitive.microsoft.com/sts/v1.0/issueToken" \
 -H "Content-type: application/x-www-form-urlencoded" \
 -H "Content-Length: 0" \
 -H "Ocp-Apim-Subscription-Key: YOUR_SUBSCRIPTION_KEY"
"""  # noqa: S105 - no password
# The sample requests of both seeds, and the C# upload, as curl sends them.
SEED_RECOGNITION_2020 = f"""curl -X POST \\
 "https://westus.stt.speech.microsoft.com{STT}?language=en-US&format=detailed" \\
 -H "Accept: application/json;text/xml" \\
 -H "Content-Type: audio/wav; codecs=audio/pcm; samplerate=16000" \\
 -H "Ocp-Apim-Subscription-Key: YOUR_SUBSCRIPTION_KEY" \\
 -H "Host: westus.stt.speech.microsoft.com" \\
 -H "Transfer-Encoding: chunked" \\
 -H "Expect: 100-continue" --data-binary @audio.wav
"""
SEED_RECOGNITION_2018 = SEED_RECOGNITION_2020.replace("codecs=", "codec=")
SEED_SYNTHESIS = """curl -X POST "https://westus.tts.speech.microsoft.com/cognitiveservices/v1" \\
 -H "X-Microsoft-OutputFormat: raw-16khz-16bit-mono-pcm" \\
 -H "Content-Type: application/ssml+xml" \\
 -H "Host: westus.tts.speech.microsoft.com" \\
 -H "Authorization: Bearer ACCESS_TOKEN" \\
 -d "<speak version='1.0' xml:lang='en-US'><voice xml:lang='en-US' xml:gender='Female'
    name='Microsoft Server Speech Text to Speech Voice (en-US, ZiraRUS)'>
        Microsoft Speech Service Text-to-Speech API
</voice></speak>"
"""
SEED_SYNTHESIS_NO_FORMAT = """curl -X POST "https://westus.tts.speech.microsoft.com/cognitiveservices/v1" \\
 -H "Authorization: Bearer ACCESS_TOKEN" -H "Content-type: application/ssml+xml" -H "Connection: Keep-Alive" \\
 -d "<speak version='1.0' xml:lang='en-US'>Hello, world!</speak>"
"""


def curl(sample: str, live: Live, folder: Path, token: str = "") -> subprocess.CompletedProcess[bytes]:
    """Run a sample with key, token and host filled in."""
    program = shutil.which("curl")
    if program is None:
        pytest.skip("needs curl (Debian package: curl)")
    words = shlex.split(
        sample.replace("\\\n", " ").replace("YOUR_SUBSCRIPTION_KEY", KEY).replace("ACCESS_TOKEN", token)
    )
    words = [live.url + _rest(word) if word.startswith("https://") else word for word in words]
    return subprocess.run([program, "-sS", "--max-time", "20", *words[1:]], capture_output=True, cwd=folder, timeout=30)


def _rest(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.path}?{parts.query}" if parts.query else parts.path


def test_the_curl_sample_for_a_token_works(live: Live, tmp_path: Path) -> None:
    done = curl(SEED_TOKEN, live, tmp_path)
    assert done.returncode == 0
    assert done.stdout.count(b".") == 2
    assert b"HTTP/1.1 200" in done.stderr


@pytest.mark.parametrize("sample", [SEED_RECOGNITION_2018, SEED_RECOGNITION_2020])
def test_the_samples_for_recognition_work_with_curl(live: Live, tmp_path: Path, spoken: Spoken, sample: str) -> None:
    (tmp_path / "audio.wav").write_bytes(wav(spoken.pcm, size=0))
    done = curl(sample, live, tmp_path)
    assert json.loads(done.stdout)["NBest"][0]["Display"] == "Remind me to buy 5 pencils.", done.stderr
    assessed = curl(
        sample.replace('" \\\n -H "Accept', f'&pronunciationScoreParams={encoded()}" \\\n -H "Accept'), live, tmp_path
    )
    assert json.loads(assessed.stdout)["NBest"][0]["AccuracyScore"] > 60, assessed.stderr


def test_the_samples_for_synthesis_work_with_curl(live: Live, tmp_path: Path) -> None:
    token = curl(SEED_TOKEN, live, tmp_path).stdout.decode()
    done = curl(SEED_SYNTHESIS, live, tmp_path, token)
    assert len(done.stdout) > 2 * 16000
    without_format = curl(SEED_SYNTHESIS_NO_FORMAT, live, tmp_path, token)
    with wave.open(io.BytesIO(without_format.stdout)) as file:
        assert (file.getframerate(), file.getnchannels(), file.getsampwidth()) == (24000, 1, 2)


def test_the_csharp_upload_of_the_seeds_works(live: Live, spoken: Spoken) -> None:
    data = wav(spoken.pcm)
    pieces = b"".join(chunk(data[start : start + 1024]) for start in range(0, len(data), 1024))
    request = head(
        f"{STT}?language=en-US&format=detailed&pronunciationScoreParams={encoded(Granularity='FullText')}",
        Accept="application/json;text/xml", Content_Type="audio/wav; codecs=audio/pcm; samplerate=16000",
        Transfer_Encoding="chunked",
    )  # fmt: skip
    reply = json.loads(live.raw(request + pieces + chunk(b"")).partition(b"\r\n\r\n")[2])
    best = reply["NBest"][0]
    assert best["CompletenessScore"] == 100
    assert "Words" not in best


def test_speech_recognition_from_pypi_recognizes(live: Live, spoken: Spoken, monkeypatch: pytest.MonkeyPatch) -> None:
    sr = pytest.importorskip("speech_recognition", reason="needs SpeechRecognition (PyPI)")

    def redirected(url: str, *args: Any, **kwargs: Any) -> urllib.request.Request:
        return urllib.request.Request(live.url + _rest(url), *args, **kwargs)  # noqa: S310 - http

    monkeypatch.setattr(sr, "Request", redirected)
    with sr.AudioFile(io.BytesIO(spoken.wav)) as source:
        audio = sr.Recognizer().record(source)
    recognizer = sr.Recognizer()
    for _ in range(2):  # the second time with the token of the first
        text, confidence = recognizer.recognize_azure(audio, KEY, profanity="raw")
        assert (text, confidence) == ("Remind me to buy 5 pencils.", 0.87)
    with pytest.raises(sr.RequestError, match="Unauthorized"):
        sr.Recognizer().recognize_azure(audio, "wrong")


@pytest.mark.parametrize("chunked", [True, False])
@pytest.mark.parametrize("audio_format", ["wav", "ogg"])
@pytest.mark.parametrize("params_in", ["header", "query"])
def test_the_cloud_client_of_this_package_works(
    live: Live, spoken: Spoken, chunked: bool, audio_format: Any, params_in: Any
) -> None:
    with AzureSpeech(KEY, endpoint=live.url, chunked=chunked, audio_format=audio_format, params_in=params_in) as cloud:
        assessment = cloud.assess(
            spoken.wav, TEXT, params=PronunciationScoreParams(TEXT, enable_prosody_assessment=True)
        )
        assert assessment.scores.prosody is not None
        assert [word.word for word in assessment.words] == ["Good", "morning"]


def test_the_cloud_client_of_this_package_speaks_lists_and_recognizes(live: Live, spoken: Spoken) -> None:
    with AzureSpeech(KEY, endpoint=live.url) as cloud:
        assert cloud.synthesize(TEXT)[:4] == b"RIFF"
        assert cloud.voices()[0]["Locale"] == "en-US"
        assert cloud.recognize(spoken.wav, format="detailed").display_text == "Remind me to buy 5 pencils."
        live_chunks = (spoken.pcm[start : start + 3200] for start in range(0, len(spoken.pcm), 3200))
        assert cloud.assess_stream(live_chunks, TEXT).status == "Success"


def test_the_parameters_of_a_client_reach_the_service(speech: Any, spoken: Spoken) -> None:
    service = WithFixedRecognition(speech)
    with Live(service) as live, AzureSpeech(KEY, endpoint=live.url) as cloud:
        cloud.recognize(spoken.wav, format="detailed", profanity="removed")
    assert service.asked == [{"language": "en-US", "format": "detailed", "profanity": "removed"}]
