"""Recordings as the field has them: the voice is heard, all of it, or one clear error says why not."""

from __future__ import annotations

import io
import pickle
import struct

import av
import numpy as np
import pytest

from pronounce_kit.errors import AudioError
from pronounce_kit.recording import Recording
from tests.test_quality import sing
from tests.test_recording import RATE, assert_clear, encode, pitch, rms, tone, wav

PCM = (tone() * 32767).astype("<i2").tobytes()


# --- several tracks ---------------------------------------------------------------------------------------------


def tracks(container, codec, rate, *sounds):
    """A file with an audio track for each of the sounds."""
    buffer = io.BytesIO()
    with av.open(buffer, "w", format=container) as file:
        streams = [file.add_stream(codec, rate=rate, layout="mono") for _ in sounds]
        for stream, samples in zip(streams, sounds, strict=True):
            frame = av.AudioFrame.from_ndarray(samples[None].astype(np.float32), "flt", "mono")
            frame.sample_rate = RATE
            convert = av.AudioResampler(
                stream.codec_context.format, "mono", rate, stream.codec_context.frame_size or None
            )
            for piece in [*convert.resample(frame), *convert.resample(None), None]:
                for packet in stream.encode(piece):
                    file.mux(packet)
    return buffer.getvalue()


FILES = [("mp4", "aac", 48_000), ("matroska", "libopus", 48_000), ("mov", "pcm_s16le", 16_000)]
VOICE = np.asarray(sing(), np.float32)
SILENCE = np.zeros_like(VOICE)
HUM = np.asarray(0.1 * np.sin(2 * np.pi * 100 * np.arange(len(VOICE)) / RATE), np.float32)


@pytest.mark.parametrize(("container", "codec", "rate"), FILES)
@pytest.mark.parametrize("others", [[SILENCE], [HUM], [SILENCE, HUM]], ids=["silent", "hum", "both"])
@pytest.mark.parametrize("place", [0, 1])
def test_of_several_tracks_the_one_with_the_voice_is_heard(container, codec, rate, others, place):
    sounds = [*others[:place], VOICE, *others[place:]]
    recording = Recording.from_bytes(tracks(container, codec, rate, *sounds))
    assert recording.quality().ok
    assert rms(recording.samples) == pytest.approx(rms(VOICE), rel=0.1)
    assert recording.duration_s == pytest.approx(len(VOICE) / RATE, abs=0.1)


def test_of_tracks_without_a_voice_one_that_is_not_silent_is_heard():
    recording = Recording.from_bytes(tracks("mp4", "aac", 48_000, SILENCE, HUM))
    assert pitch(recording.samples) == pytest.approx(100, abs=2)


# --- files behind each other ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("container", "codec", "rate"),
    [("wav", "pcm_s16le", 16_000), ("wav", "adpcm_ms", 16_000), ("flac", "flac", 16_000), ("ogg", "libopus", 48_000),
     ("webm", "libopus", 48_000), ("ipod", "aac", 44_100), ("aiff", "pcm_s16be", 44_100), ("caf", "pcm_s16be", 44_100),
     ("w64", "pcm_s16le", 16_000), ("adts", "aac", 44_100)],
)  # fmt: skip
def test_two_files_one_after_the_other_are_heard_to_the_end(container, codec, rate):
    first, second = (encode(tone(1.0, hertz, rate=rate), rate, container, codec) for hertz in (440, 880))
    recording = Recording.from_bytes(first + second)
    assert recording.duration_s == pytest.approx(2.0, abs=0.15)
    assert pitch(recording.samples[: RATE // 2]) == pytest.approx(440, abs=3)
    assert pitch(recording.samples[-RATE // 2 :]) == pytest.approx(880, abs=3)
    assert float(np.abs(recording.samples).max()) < 0.75 or codec == "aac", "no header is heard as a click"


@pytest.mark.parametrize("size", [None, 0, 0xFFFFFFFF, 0x7FFFFFFF])
@pytest.mark.parametrize("count", [2, 3, 50])
def test_wav_files_one_after_the_other_are_one_recording_whatever_size_they_declare(size, count):
    recording = Recording.from_bytes(wav(PCM[:6400], size=size) * count)
    assert recording == Recording.from_bytes(wav(PCM[:6400] * count))


def test_wav_files_of_different_formats_are_heard_to_the_end():
    telephone = wav((tone(rate=8000) * 32767).astype("<i2").tobytes(), rate=8000)
    assert Recording.from_bytes(wav(PCM) + telephone).duration_s == pytest.approx(2.0, abs=0.01)


def test_a_wav_file_within_a_second_header_is_heard_once():
    assert Recording.from_bytes(wav(PCM)[:44] + wav(PCM)) == Recording.from_bytes(wav(PCM))


def test_countless_recordings_one_after_the_other_are_refused():
    with pytest.raises(AudioError, match="more than 1,000 recordings") as error:
        Recording.from_bytes(wav(PCM[:200]) * 5000)
    assert_clear(error)


def test_many_recordings_one_after_the_other_are_bounded_as_one_is():
    with pytest.raises(AudioError, match="longer than 30 minutes") as error:
        Recording.from_bytes(wav(bytes(2 * 1000 * 700), rate=1000) * 3)
    assert_clear(error)


# --- headers ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("tag", [b"INFOx", b"INFOISFT\x03\0\0\0abc", b"x"])
@pytest.mark.parametrize("pad", [b"", b"\0"], ids=["without padding", "padded"])
@pytest.mark.parametrize("more", [b"", b"id3 \x04\0\0\0abcd"], ids=["", "another chunk"])
def test_a_tag_of_odd_size_hides_no_samples_and_is_no_sound(tag, pad, more):
    odd = b"LIST" + struct.pack("<I", len(tag)) + tag + pad + more
    plain = wav(PCM)
    assert Recording.from_bytes(plain[:36] + odd + plain[36:]) == Recording.from_bytes(plain)
    assert Recording.from_bytes(plain + odd) == Recording.from_bytes(plain)


def sphere(coding="pcm", order="01", samples=PCM, rate=RATE, width=2):
    fields = (
        f"sample_count -i {len(samples) // width}", f"sample_n_bytes -i {width}", "channel_count -i 1",
        f"sample_byte_format -s{len(order)} {order}", f"sample_rate -i {rate}",
        f"sample_coding -s{len(coding)} {coding}",
    )  # fmt: skip
    return "\n".join(("NIST_1A", "   1024", *fields, "end_head", "")).encode().ljust(1024) + samples


@pytest.mark.parametrize(("order", "type_"), [("01", "<i2"), ("10", ">i2")])
def test_nist_sphere_is_read_by_whatever_name(tmp_path, order, type_):
    path = tmp_path / "sa1.wav"
    path.write_bytes(sphere(order=order, samples=(tone() * 32767).astype(type_).tobytes()))
    assert Recording.from_file(path) == Recording.from_bytes(wav(PCM))


def test_packed_nist_sphere_says_how_to_convert_it():
    with pytest.raises(AudioError, match=r"NIST SPHERE file packed with shorten.*sph2pipe") as error:
        Recording.from_bytes(sphere("pcm,embedded-shorten-v2.00"))
    assert_clear(error)


def opus_in_caf():
    """As iPhones record: Opus packets, whose sizes stand in a table, in CAF."""
    with av.open(io.BytesIO(encode(tone(rate=48_000), 48_000, "ogg", "libopus"))) as file:
        packets = [bytes(packet) for packet in file.demux(audio=0) if packet.size]

    def chunk(name, body):
        return name + struct.pack(">q", len(body)) + body

    sizes = b"".join(bytes([len(p)]) if len(p) < 128 else bytes([0x80 | len(p) >> 7, len(p) & 127]) for p in packets)
    return (
        b"caff\0\1\0\0"
        + chunk(b"desc", struct.pack(">d4sIIIII", 48_000, b"opus", 0, 0, 960, 1, 0))
        + chunk(b"pakt", struct.pack(">qqii", len(packets), 960 * len(packets), 0, 0) + sizes)
        + chunk(b"data", b"\0\0\0\0" + b"".join(packets))
    )


WRITES_AMR = pytest.mark.skipif(
    "libopencore_amrnb" not in av.codecs_available, reason="this FFmpeg reads AMR, but does not write it"
)


@pytest.mark.parametrize(
    "data",
    [
        lambda: encode(tone(), RATE, "w64", "pcm_s16le"),
        lambda: encode(tone(rate=44_100), 44_100, "caf", "alac"),
        lambda: encode(tone(rate=44_100), 44_100, "adts", "aac"),
        lambda: encode(tone(rate=44_100), 44_100, "3gp", "aac"),
        pytest.param(lambda: encode(tone(rate=8_000), 8_000, "amr", "libopencore_amrnb"), marks=WRITES_AMR),
        pytest.param(lambda: encode(tone(rate=8_000), 8_000, "3gp", "libopencore_amrnb"), marks=WRITES_AMR),
        opus_in_caf,
    ],
    ids=["w64", "alac in caf", "aac", "3gp", "amr", "amr in 3gp", "opus in caf"],
)
def test_what_telephones_and_studios_write_is_read(data):
    recording = Recording.from_bytes(data())
    assert pitch(recording.samples) == pytest.approx(440, abs=3)
    assert recording.duration_s == pytest.approx(1.0, abs=0.06)


# --- the band ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("container", "codec", "rate"),
    [
        ("mp3", "libmp3lame", 8_000),
        ("mp3", "libmp3lame", 11_025),
        ("wav", "pcm_s16le", 8_000),
        ("wav", "pcm_mulaw", 8_000),
    ],
)
def test_a_voice_without_high_sounds_is_told(container, codec, rate):
    resampled = np.interp(np.arange(0, len(VOICE), RATE / rate), np.arange(len(VOICE)), VOICE)
    recording = Recording.from_bytes(encode(resampled, rate, container, codec))
    quality = recording.quality()
    assert quality.flags == ("band_limited",)
    assert "s may be heard as th" in quality.verdict
    assert pickle.loads(pickle.dumps(recording)).quality() == quality  # noqa: S301 - our own
    assert Recording.from_array(resampled, rate).quality().flags == ("band_limited",)
    assert "band_limited" in recording.clip(0, 2).quality().flags


@pytest.mark.parametrize("rate", [16_000, 22_050, 44_100, 48_000])
def test_a_voice_with_room_for_high_sounds_is_good(rate):
    resampled = np.interp(np.arange(0, len(VOICE), RATE / rate), np.arange(len(VOICE)), VOICE)
    assert Recording.from_array(resampled, rate).quality().ok


# --- what is no recording ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (b"\xef\xbb\xbf\n<!DOCTYPE html><html><head><title>Log in", "a web page, perhaps one that asks to log in"),
        (b"<html><body>Sign in", "a web page"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12345\n", "git lfs pull"),
        (b'{"error": {"code": 401}}', "JSON"),
        (b"<?xml version='1.0'?><Error><Code>AccessDenied</Code>", "XML"),
        (b"bplist00\xd3\x01\x02", "placeholder of the cloud"),
        (b"Access denied, please log in.\r\n", "a text"),
        (b"%PDF-1.4\n%\xe2\xe3", "PDF"),
        (b"PK\x03\x04\x14\0\x06\0", "Unpack it"),
        (b"\x89PNG\r\n\x1a\n\0\0", "a picture"),
        (bytes(70_000), "full of zeros"),
        (b"", "empty"),
        (b"MThd\0\0\0\x06", "MIDI"),
        (b"[InternetShortcut]\r\nURL=https://example.org", "a link"),
    ],
)
def test_a_file_that_is_something_else_says_what_it_is(tmp_path, data, told):
    path = tmp_path / "take.m4a"
    path.write_bytes(data)
    with pytest.raises(AudioError, match=told) as error:
        Recording.from_file(path)
    assert str(path) in str(error.value)
    assert_clear(error)
