import base64
import copy
import io
import os
import pickle
import re
import struct
import subprocess
import sys
import tracemalloc
from types import SimpleNamespace

import av
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pronounce_kit import _codec
from pronounce_kit.errors import AudioError
from pronounce_kit.recording import PREVIEW_SECONDS, Recording

RATE = 16_000
pcm16 = st.lists(st.integers(-32768, 32767), min_size=1, max_size=400)


def tone(seconds=1.0, hertz=440.0, rate=RATE, amplitude=0.5):
    return (amplitude * np.sin(2 * np.pi * hertz * np.arange(round(seconds * rate)) / rate)).astype(np.float32)


def encode(channels, rate, container, codec, layout=None, **stream_options):
    """Encode float samples, shape (channels, n), with PyAV."""
    channels = np.atleast_2d(channels).astype(np.float32)
    layout = layout or {1: "mono", 2: "stereo"}[len(channels)]
    buffer = io.BytesIO()
    with av.open(buffer, "w", format=container) as file:
        stream = file.add_stream(codec, rate=rate, layout=layout, **stream_options)
        frame = av.AudioFrame.from_ndarray(channels.T.reshape(1, -1), "flt", layout)
        frame.sample_rate = rate
        convert = av.AudioResampler(stream.codec_context.format, layout, rate, stream.codec_context.frame_size or None)
        for piece in [*convert.resample(frame), *convert.resample(None), None]:
            for packet in stream.encode(piece):
                file.mux(packet)
    return buffer.getvalue()


def wav(frames, rate=RATE, channels=1, size=None, extra=b"", data_rate=None):
    """A WAV file around 16-bit sample bytes, with any declared data size."""
    layout = struct.pack("<HHIIHH", 1, channels, rate, data_rate or 0, (2 * channels) % 65536, 16) + extra
    declared = len(frames) if size is None else size
    return (
        b"RIFF" + struct.pack("<I", (36 + declared) % 2**32) + b"WAVEfmt "
        + struct.pack("<I", len(layout)) + layout + b"data" + struct.pack("<I", declared) + frames
    )  # fmt: skip


def pitch(samples):
    spectrum = np.abs(np.fft.rfft(samples * np.hanning(len(samples))))
    return spectrum.argmax() * RATE / len(samples)


def rms(samples):
    return float(np.sqrt(np.mean(np.square(samples))))


def assert_clear(error, *parts):
    """The message names what was wrong and ends in a full sentence of advice."""
    message = str(error.value)
    assert re.search(r"\. [A-Z]\w+ .*\.$", message, re.DOTALL), message
    for part in parts:
        assert part in message
    assert error.value.__cause__ is None
    assert error.value.__suppress_context__ or error.value.__context__ is None


WAV_CODECS = ["pcm_u8", "pcm_s16le", "pcm_s24le", "pcm_s32le", "pcm_f32le", "pcm_f64le", "pcm_alaw", "pcm_mulaw"]
COMPRESSED = [("flac", "flac"), ("mp3", "libmp3lame"), ("ipod", "aac"), ("webm", "libopus"), ("ogg", "libopus")]


# Formats


@pytest.mark.parametrize(
    ("container", "codec", "rate"),
    [
        *[("wav", codec, rate) for codec in WAV_CODECS for rate in (8_000, 16_000)],
        *[(container, codec, 48_000) for container, codec in COMPRESSED],
        ("mp3", "libmp3lame", 44_100),
        ("ipod", "aac", 22_050),
        ("aiff", "pcm_s16be", 44_100),
        ("matroska", "pcm_s24le", 96_000),
    ],
)
def test_a_tone_keeps_its_pitch_length_and_level_in_every_format(container, codec, rate):
    recording = Recording.from_bytes(encode(tone(1.0, rate=rate), rate, container, codec))
    assert recording.samples.dtype == np.float32
    assert recording.sample_rate == RATE
    assert recording.duration_s == pytest.approx(1.0, abs=0.1)  # MP3 and AAC pad to whole frames
    assert pitch(recording.samples) == pytest.approx(440, abs=2)
    assert rms(recording.samples) == pytest.approx(0.5 / np.sqrt(2), rel=0.05)


def test_stereo_vorbis_in_ogg_is_read():
    data = encode([tone(rate=44_100)] * 2, 44_100, "ogg", "vorbis", options={"strict": "experimental"})
    recording = Recording.from_bytes(data)
    assert pitch(recording.samples) == pytest.approx(440, abs=2)
    assert rms(recording.samples) == pytest.approx(0.35, rel=0.1)


def test_the_sound_of_a_video_file_is_taken():
    buffer = io.BytesIO()
    with av.open(buffer, "w", format="mp4") as file:
        pictures = file.add_stream("mpeg4", rate=10)
        pictures.width = pictures.height = 32
        pictures.pix_fmt = "yuv420p"
        sound = file.add_stream("aac", rate=48_000, layout="mono")
        for _ in range(10):
            file.mux(pictures.encode(av.VideoFrame.from_ndarray(np.zeros((32, 32, 3), np.uint8), "rgb24")))
        file.mux(pictures.encode(None))
        frame = av.AudioFrame.from_ndarray(tone(rate=48_000)[None], "fltp", "mono")
        frame.sample_rate = 48_000
        file.mux(sound.encode(frame))
        file.mux(sound.encode(None))
    assert pitch(Recording.from_bytes(buffer.getvalue()).samples) == pytest.approx(440, abs=2)


def test_a_video_without_sound_is_refused():
    buffer = io.BytesIO()
    with av.open(buffer, "w", format="mp4") as file:
        pictures = file.add_stream("mpeg4", rate=10)
        pictures.width = pictures.height = 32
        pictures.pix_fmt = "yuv420p"
        file.mux(pictures.encode(av.VideoFrame.from_ndarray(np.zeros((32, 32, 3), np.uint8), "rgb24")))
        file.mux(pictures.encode(None))
    with pytest.raises(AudioError, match="no audio track") as error:
        Recording.from_bytes(buffer.getvalue())
    assert_clear(error)


@pytest.mark.parametrize("rate", [8_000, 11_025, 22_050, 44_100, 48_000, 192_000])
def test_resampling_keeps_the_length_to_a_millisecond(rate):
    assert Recording.from_array(tone(1.234, rate=rate), rate).duration_s == pytest.approx(1.234, abs=1e-3)


def test_a_change_of_format_in_mid_stream_is_followed():
    def frame(rate, layout, seconds):
        channels = np.stack([tone(seconds, rate=rate)] * (2 if layout == "stereo" else 1))
        made = av.AudioFrame.from_ndarray(channels, "fltp", layout)
        made.sample_rate = rate
        return made

    samples = _codec._collect([frame(48_000, "stereo", 0.5), frame(16_000, "mono", 0.5)], "It")
    assert len(samples) == pytest.approx(RATE, abs=20)
    assert pitch(samples) == pytest.approx(440, abs=2)
    assert rms(samples) == pytest.approx(0.354, rel=0.02)


# Channels


@pytest.mark.parametrize("silent", [0, 1])
def test_speech_on_one_channel_of_two_keeps_its_level(silent):
    channels = np.stack([tone(), tone()])
    channels[silent] = 0
    assert rms(Recording.from_bytes(encode(channels, RATE, "wav", "pcm_s16le")).samples) == pytest.approx(0.354, 0.01)


def test_channels_in_opposite_phase_do_not_cancel():
    assert rms(Recording.from_array(np.stack([tone(), -tone()], axis=1), RATE).samples) == pytest.approx(0.354, 0.01)


def test_speech_on_the_centre_of_surround_sound_keeps_its_level_and_rumble_is_dropped():
    channels = np.zeros((6, RATE), np.float32)
    channels[2] = tone()
    channels[3] = tone(hertz=40, amplitude=0.9)  # low-frequency effects
    recording = Recording.from_bytes(encode(channels, RATE, "wav", "pcm_s16le", "5.1"))
    assert pitch(recording.samples) == pytest.approx(440, abs=2)
    assert rms(recording.samples) == pytest.approx(0.354, rel=0.01)


@pytest.mark.parametrize("channels", range(1, 9))
def test_any_channel_of_a_file_without_a_layout_is_heard(channels):
    for active in range(channels):
        frames = np.zeros((1600, channels), np.int16)
        frames[:, active] = tone(0.1) * 32767
        assert rms(Recording.from_bytes(wav(frames.tobytes(), channels=channels)).samples) == pytest.approx(0.354, 0.05)


def test_identical_channels_give_exactly_that_channel():
    left = np.arange(-500, 500, dtype=np.int16)
    assert Recording.from_array(np.stack([left, left], axis=1), RATE) == Recording.from_array(left, RATE)


# WAV headers


@pytest.mark.parametrize("extra", [b"", b"\0\0"], ids=["44 bytes", "46 bytes"])
@pytest.mark.parametrize("size", [0, 0xFFFFFFFF, 0x7FFFFFFF, 2, 1000, 31_998, 40_000])
def test_all_samples_are_read_whatever_size_a_wav_declares(size, extra):
    frames = (tone() * 32767).astype("<i2")
    recording = Recording.from_bytes(wav(frames.tobytes(), size=size, extra=extra))
    np.testing.assert_array_equal(recording.samples, frames / np.float32(32768))


def test_what_follows_the_samples_of_a_wav_is_not_sound():
    frames = (tone(0.1) * 32767).astype("<i2").tobytes()
    tags = b"LIST" + struct.pack("<I", 14) + b"INFOISFT" + struct.pack("<I", 2) + b"x\0"
    assert Recording.from_bytes(wav(frames) + tags) == Recording.from_bytes(wav(frames))


def test_a_wav_in_the_format_for_more_than_4_gb_is_read():
    frames = (tone(0.1) * 32767).astype("<i2").tobytes()
    plain = wav(frames, size=0xFFFFFFFF)
    ds64 = b"ds64" + struct.pack("<IQQQI", 28, 0, len(frames), len(frames) // 2, 0)
    tags = b"LIST" + struct.pack("<I", 4) + b"INFO"
    assert Recording.from_bytes(b"RF64" + plain[4:12] + ds64 + plain[12:] + tags) == Recording.from_bytes(wav(frames))


@pytest.mark.parametrize("bytes_more", [1, 2, 3, 5])
def test_a_wav_that_was_cut_off_within_a_sample_keeps_all_before_it(bytes_more):
    frames = (tone(0.1) * 32767).astype("<i2").repeat(2).tobytes()  # stereo: four bytes
    recording = Recording.from_bytes(wav(frames + bytes(bytes_more), channels=2, size=0))
    assert len(recording.samples) == 1600 + bytes_more // 4


@pytest.mark.parametrize("place", ["before", "after"])
def test_a_tag_that_claims_gigabytes_takes_no_memory(place):
    resource = pytest.importorskip("resource")
    frames = (tone(0.1) * 32767).astype("<i2").tobytes()
    plain = wav(frames)
    tag = b"LIST" + struct.pack("<I", 0x7FFFFFFF) + b"INFOISFT" + struct.pack("<I", 0x60000000) + b"x"
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    if place == "before":
        with pytest.raises(AudioError) as error:
            Recording.from_bytes(plain[:36] + tag + plain[36:])
        assert_clear(error)
    else:
        assert Recording.from_bytes(plain + tag).duration_s == pytest.approx(0.1, abs=0.01)
    unit = 1 if sys.platform == "darwin" else 1024
    assert (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) * unit < 100e6


@pytest.mark.parametrize("rate", [0, 1, 999, 768_001, 1_000_000_000, 4_000_000_000])
def test_an_impossible_sample_rate_is_refused(rate):
    with pytest.raises(AudioError) as error:
        Recording.from_bytes(wav(bytes(3200), rate=rate))
    assert_clear(error)


@pytest.mark.parametrize("channels", [9, 16, 200, 65_535])
def test_more_than_eight_channels_are_refused(channels):
    with pytest.raises(AudioError) as error:
        Recording.from_bytes(wav(bytes(2 * 65_535 * 4), channels=channels))
    assert_clear(error)


# Writing


@given(pcm16)
@settings(max_examples=60)
def test_wav_round_trip_is_exact(values):
    first = Recording.from_array(np.array(values, np.int16), RATE)
    again = Recording.from_bytes(first.to_wav())
    np.testing.assert_array_equal(again.samples, np.array(values) / np.float32(32768))
    assert again.to_wav() == first.to_wav()
    assert again == first
    assert hash(again) == hash(first)


@given(st.lists(st.floats(-1, 1, width=32), min_size=1, max_size=200))
@settings(max_examples=40)
def test_wav_of_floats_is_within_half_a_step(values):
    again = Recording.from_bytes(Recording.from_array(values, RATE).to_wav())
    assert np.abs(again.samples - np.array(values, np.float32)).max() <= 1 / 32768


def test_wav_header_is_right():
    data = Recording.from_array(tone(0.5), RATE).to_wav()
    assert len(data) == 44 + 16_000
    assert struct.unpack("<4sI4s4sIHHIIHH4sI", data[:44]) == (
        *(b"RIFF", 16_036, b"WAVE", b"fmt ", 16, 1, 1, RATE, 32_000, 2, 16, b"data", 16_000),
    )


def packets(data):
    with av.open(io.BytesIO(data)) as file:
        return [bytes(packet) for packet in file.demux(audio=0) if packet.size]


@pytest.mark.parametrize("container", ["webm", "ogg"])
def test_opus_of_a_browser_is_passed_on_packet_by_packet(container):
    data = encode(tone(1.0, rate=48_000), 48_000, container, "libopus")
    recording = Recording.from_bytes(data)
    ogg = recording.to_ogg_opus()
    assert ogg.startswith(b"OggS")
    assert packets(ogg) == packets(data)
    assert Recording.from_bytes(ogg).duration_s == pytest.approx(recording.duration_s, abs=0.021)


def test_other_recordings_are_encoded_as_opus():
    ogg = Recording.from_array(tone(2.0), RATE).to_ogg_opus()
    with av.open(io.BytesIO(ogg)) as file:
        assert file.streams.audio[0].codec_context.name == "opus"
        assert file.streams.audio[0].channels == 1
    assert len(ogg) < 16_000
    again = Recording.from_bytes(ogg)
    assert again.duration_s == pytest.approx(2.0, abs=0.021)
    assert pitch(again.samples) == pytest.approx(440, abs=2)
    assert rms(again.samples) == pytest.approx(0.354, rel=0.05)


def test_a_clip_of_an_opus_recording_is_encoded_anew():
    recording = Recording.from_bytes(encode(tone(1.0, rate=48_000), 48_000, "webm", "libopus"))
    assert Recording.from_bytes(recording.clip(0.2, 0.5).to_ogg_opus()).duration_s == pytest.approx(0.3, abs=0.021)


@pytest.mark.parametrize("samples", [1, 100, 319])
def test_a_very_short_recording_can_be_written(samples):
    recording = Recording.from_array(np.full(samples, 0.1), RATE)
    assert Recording.from_bytes(recording.to_wav()).samples.size == samples
    assert recording.to_ogg_opus().startswith(b"OggS")


@pytest.mark.parametrize("suffix", [".wav", ".ogg", ".WAV"])
def test_save_writes_a_file_that_reads_back_and_leaves_nothing_else(tmp_path, suffix):
    recording = Recording.from_array(tone(), RATE)
    path = recording.save(tmp_path / f"take{suffix}")
    assert [entry.name for entry in tmp_path.iterdir()] == [f"take{suffix}"]
    again = Recording.from_file(path)
    assert again.source == path.name
    assert again.duration_s == pytest.approx(1.0, abs=0.021)


def test_save_that_fails_keeps_the_old_file_and_says_why(tmp_path, monkeypatch):
    path = tmp_path / "take.wav"
    path.write_bytes(b"old")

    def full(_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(AudioError, match="No space left") as error:
        Recording.from_array(tone(), RATE).save(path)
    assert_clear(error)
    assert path.read_bytes() == b"old"
    assert [entry.name for entry in tmp_path.iterdir()] == ["take.wav"]


@pytest.mark.parametrize("name", ["take.mp3", "take", "missing/take.wav", "nul\0l.wav"])
def test_save_under_a_name_that_cannot_be_is_refused(tmp_path, name):
    with pytest.raises(AudioError) as error:
        Recording.from_array(tone(), RATE).save(tmp_path / name)
    assert_clear(error)


# The object


def test_a_recording_cannot_be_changed():
    source = tone()
    recording = Recording.from_array(source, RATE)
    source[:] = 0
    assert rms(recording.samples) > 0.3
    with pytest.raises(ValueError, match="read-only"):
        recording.samples[0] = 1
    with pytest.raises(AttributeError):
        recording.samples = source


@pytest.mark.parametrize("remake", [copy.deepcopy, lambda r: pickle.loads(pickle.dumps(r))], ids=["copy", "pickle"])  # noqa: S301
def test_a_copy_is_equal_and_as_immutable(remake):
    recording = Recording.from_bytes(encode(tone(rate=48_000), 48_000, "webm", "libopus"))
    again = remake(recording)
    assert again == recording
    assert not again.samples.flags.writeable
    assert packets(again.to_ogg_opus()) == packets(recording.to_ogg_opus())


def test_recordings_are_equal_by_content_not_by_source(tmp_path):
    recording = Recording.from_array(tone(), RATE)
    from_file = Recording.from_file(recording.save(tmp_path / "a.wav"))
    assert from_file == recording
    assert from_file.sha256 == recording.sha256
    assert len({recording, from_file}) == 1
    assert Recording.from_array(tone(hertz=441), RATE) != recording
    assert recording != "a.wav"


def test_repr_is_short():
    assert repr(Recording.from_array(tone(), RATE)) == "<Recording 1.00 s>"


def test_a_notebook_gets_a_player_with_the_sound_and_an_escaped_name(tmp_path):
    name = "&#60;b'.wav" if os.name == "nt" else "<b>&'.wav"  # which Windows takes for no name of a file
    recording = Recording.from_file(Recording.from_array(tone(), RATE).save(tmp_path / name))
    page = recording._repr_html_()
    assert "<audio controls" in page
    assert name not in page
    assert base64.b64decode(re.search(r"base64,([^\"]+)", page)[1]) == recording.to_wav()


def test_a_notebook_plays_only_the_beginning_of_a_long_recording():
    page = Recording.from_array(np.zeros(RATE * 130), RATE)._repr_html_()
    assert f"first {PREVIEW_SECONDS:g} s" in page
    assert len(page) < 6_000_000


def test_a_clip_holds_the_samples_between_two_times():
    recording = Recording.from_array(tone(), RATE)
    np.testing.assert_array_equal(recording.clip(0.25, 0.5).samples, recording.samples[4000:8000])
    assert recording.clip(-1, 99) == recording


@pytest.mark.parametrize("times", [(0.5, 0.5), (0.6, 0.5), (2, 3), (-2, -1), (float("nan"), 1), (0, float("inf"))])
def test_a_clip_of_nothing_is_refused(times):
    with pytest.raises(AudioError) as error:
        Recording.from_array(tone(), RATE).clip(*times)
    assert_clear(error)


# Arrays


@pytest.mark.parametrize(
    ("dtype", "values", "expected"),
    [
        ("int8", [-128, 0, 64], [-1, 0, 0.5]),
        ("uint8", [0, 128, 192], [-1, 0, 0.5]),
        ("int16", [-32768, 0, 16384], [-1, 0, 0.5]),
        ("int32", [-(2**31), 0, 2**30], [-1, 0, 0.5]),
        ("float16", [-1, 0, 0.5], [-1, 0, 0.5]),
        ("float64", [-1.2, 0, 0.5], [-1, 0, 0.5]),
    ],
)
def test_arrays_of_every_sample_type_are_scaled_to_one(dtype, values, expected):
    assert Recording.from_array(np.array(values, dtype), RATE).samples.tolist() == expected


@pytest.mark.parametrize("shape", [(1000, 2), (2, 1000), (1000, 1), (1, 1000)])
def test_channels_may_come_on_either_axis(shape):
    assert Recording.from_array(np.full(shape, 0.5), RATE).samples.tolist() == [0.5] * 1000


@pytest.mark.parametrize(
    ("samples", "rate"),
    [
        ([], RATE),
        ([float("nan"), 0.0], RATE),
        ([float("inf"), 0.0], RATE),
        ([0.0, 20_000.0], RATE),
        ([1, 2, 3], RATE),  # int64: no known full scale
        ([True, False], RATE),
        ([1j, 2j], RATE),
        (["a", "b"], RATE),
        ([[1.0], [1.0, 2.0]], RATE),
        (np.zeros((50, 50)), RATE),
        (np.zeros((2, 2, 2)), RATE),
        (0.5, RATE),
        ([0.0], 0),
        ([0.0], -16_000),
        ([0.0], 16_000.5),
        ([0.0], float("nan")),
        ([0.0], "16000"),
        ([0.0], None),
        ([0.0], 4_000_000_000),
    ],
)
def test_arrays_that_are_not_sound_are_refused(samples, rate):
    with pytest.raises(AudioError) as error:
        Recording.from_array(samples, rate)
    assert_clear(error)


def test_an_array_longer_than_the_limit_is_refused_before_it_is_converted():
    endless = np.broadcast_to(np.float32(0), (10**12,))
    with pytest.raises(AudioError, match="longer than 30 minutes") as error:
        Recording.from_array(endless, RATE)
    assert_clear(error)


# Widgets and coercion


@pytest.mark.parametrize("wrap", [bytes, bytearray, memoryview])
def test_both_kinds_of_recorder_widget_are_read(wrap):
    recording = Recording.from_array(tone(), RATE)
    value = wrap(recording.to_wav())
    assert Recording.from_widget(SimpleNamespace(value=value)) == recording
    ipywebrtc = SimpleNamespace(audio=SimpleNamespace(value=value), recording=False)
    assert Recording.from_widget(ipywebrtc) == recording


@pytest.mark.parametrize("value", [b"", memoryview(b""), None])
def test_a_widget_in_which_nothing_was_recorded_says_so(value):
    for widget in (SimpleNamespace(value=value), SimpleNamespace(audio=SimpleNamespace(value=value))):
        with pytest.raises(AudioError, match="Nothing has been recorded yet") as error:
            Recording.from_widget(widget)
        assert_clear(error)


@pytest.mark.parametrize("widget", [object(), None, SimpleNamespace(value=3), SimpleNamespace(audio=None)])
def test_what_is_no_recorder_is_refused(widget):
    with pytest.raises(AudioError, match="holds no recording"):
        Recording.from_widget(widget)


def test_of_takes_a_recording_a_path_or_bytes(tmp_path):
    recording = Recording.from_array(tone(), RATE)
    path = recording.save(tmp_path / "a.wav")
    assert Recording.of(recording) is recording
    for given_ in (path, str(path), path.read_bytes(), bytearray(path.read_bytes())):
        assert Recording.of(given_) == recording


@pytest.mark.parametrize("wrong", [None, 3, np.zeros(3), [0.0], {"a": 1}])
def test_of_refuses_other_types(wrong):
    with pytest.raises(AudioError) as error:
        Recording.of(wrong)
    assert_clear(error, type(wrong).__name__)
    with pytest.raises(AudioError):
        Recording.from_bytes(wrong)


# Bad input


def header_only_webm():
    """What a browser stores when a recording is stopped before it began: all headers, not one block."""
    data = encode(tone(0.2, rate=48_000), 48_000, "webm", "libopus")
    return data[: data.index(b"\x1f\x43\xb6\x75")]


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\0",
        b"hello, this is no sound\n" * 50,
        b"%PDF-1.7\n1 0 obj\n<< /Type /Catalog >>\nstream\n" + np.random.default_rng(1).bytes(5000),
        b"\x89PNG\r\n\x1a\n" + bytes(1000),
        b"<!DOCTYPE html><html><body>Not found</body></html>",
        b"#EXTM3U\n#EXT-X-TARGETDURATION:10\n#EXTINF:9,\nhttp://127.0.0.1:9/a.ts\n",
        b"ffconcat version 1.0\nfile /etc/hostname\n",
        b"v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nm=audio 5004 RTP/AVP 0\n",
        wav(b""),
        wav(b"")[:20],
        header_only_webm(),
        header_only_webm()[:110],
        bytes(100_000),
    ],
    ids=[
        "empty",
        "byte",
        "text",
        "pdf",
        "png",
        "html",
        "hls",
        "concat",
        "sdp",
        "no-samples",
        "half-header",
        "webm-header",
        "webm-110",
        "zeros",
    ],
)
def test_what_is_no_recording_gives_one_clear_error(data, tmp_path):
    with pytest.raises(AudioError) as error:
        Recording.from_bytes(data)
    assert_clear(error)
    path = tmp_path / "take.webm"
    path.write_bytes(data)
    with pytest.raises(AudioError) as error:
        Recording.from_file(path)
    assert_clear(error, str(path))


def test_missing_files_folders_and_odd_paths_give_one_clear_error(tmp_path):
    for path, message in [
        (tmp_path / "missing.wav", "There is no file"),
        (tmp_path, "is a folder"),
        (tmp_path / "a.wav" / "b.wav", "There is no file"),
        ("nul\0l.wav", "cannot be read"),
        ("x" * 5000, "There is no file" if os.name == "nt" else "cannot be read"),
    ]:
        with pytest.raises(AudioError, match=message) as error:
            Recording.from_file(path)
        assert_clear(error, str(path)[:50])


@pytest.mark.skipif(sys.platform == "win32", reason="no named pipes")
def test_a_pipe_is_refused_instead_of_waited_for(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(AudioError, match="pipe"):
        Recording.from_file(tmp_path / "pipe")


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf")])
def test_a_float_wav_with_samples_that_are_not_numbers_is_refused(value):
    data = bytearray(encode(tone(), RATE, "wav", "pcm_f32le"))
    data[-400:-396] = struct.pack("<f", value)
    with pytest.raises(AudioError, match="not numbers") as error:
        Recording.from_bytes(bytes(data))
    assert_clear(error)


@pytest.mark.parametrize(("container", "codec"), [("wav", "pcm_s16le"), ("mp3", "libmp3lame"), *COMPRESSED])
def test_a_file_that_is_cut_off_gives_what_is_there_or_an_error(container, codec):
    data = encode(tone(4.0, rate=48_000), 48_000, container, codec)
    if container == "ipod":  # the table of contents comes last, and is gone
        with pytest.raises(AudioError) as error:
            Recording.from_bytes(data[: len(data) // 2])
        assert_clear(error)
    else:
        recording = Recording.from_bytes(data[: len(data) // 2])
        assert 0.5 < recording.duration_s < 3
        assert pitch(recording.samples) == pytest.approx(440, abs=2)


def seeds():
    sound = tone(0.1, rate=48_000)
    return [encode(sound, 48_000, container, codec) for container, codec in [("wav", "pcm_s16le"), *COMPRESSED]]


SEEDS = seeds()


@given(st.binary(max_size=2000))
@settings(max_examples=60, suppress_health_check=list(HealthCheck))
def test_any_bytes_decode_or_raise_audio_error(data):
    decode_or_refuse(data)


@given(st.sampled_from(SEEDS), st.data())
@settings(max_examples=200, suppress_health_check=list(HealthCheck))
def test_damaged_files_decode_or_raise_audio_error(seed, data):
    damaged = bytearray(seed)
    for _ in range(data.draw(st.integers(1, 8))):
        at = data.draw(st.one_of(st.integers(0, 80), st.integers(0, len(seed) - 1)))
        damaged[at : at + 1] = data.draw(st.binary(max_size=4))
    decode_or_refuse(bytes(damaged))


def decode_or_refuse(data):
    try:
        recording = Recording.from_bytes(data)
    except AudioError:
        return
    assert np.isfinite(recording.samples).all()
    assert np.abs(recording.samples).max() <= 1
    assert recording.to_ogg_opus().startswith(b"OggS")
    recording.quality()


# Limits


@pytest.fixture(scope="module")
def ten_minutes_of_silence():
    return encode(np.zeros(600 * 48_000, np.float32), 48_000, "flac", "flac")


def test_decoding_stops_at_the_limit_and_does_not_hold_the_rest(ten_minutes_of_silence, monkeypatch):
    assert len(ten_minutes_of_silence) < 500_000
    monkeypatch.setattr(_codec, "MAX_SECONDS", 60)
    tracemalloc.start()
    try:
        with pytest.raises(AudioError, match="longer than 1 minutes") as error:
            Recording.from_bytes(ten_minutes_of_silence)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert_clear(error)
    assert peak < 12e6  # 60 s are 3.84 MB; all of it would be 38 MB


def test_a_header_that_claims_gigabytes_costs_nothing():
    tracemalloc.start()
    try:
        recording = Recording.from_bytes(wav(bytes(32_000), size=0xFFFFFFF0))
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert recording.duration_s == 1.0
    assert peak < 5e6


def test_a_file_with_too_many_bytes_is_not_read(tmp_path, monkeypatch):
    monkeypatch.setattr(_codec, "MAX_BYTES", 1000)
    path = Recording.from_array(tone(), RATE).save(tmp_path / "a.wav")
    for make in (lambda: Recording.from_file(path), lambda: Recording.from_bytes(path.read_bytes())):
        with pytest.raises(AudioError, match="larger than") as error:
            make()
        assert_clear(error)


def test_ffmpeg_writes_nothing_to_the_terminal_and_av_loads_only_when_needed(tmp_path):
    (tmp_path / "bad.mp3").write_bytes(b"ID3" + np.random.default_rng(2).bytes(20_000))
    data = bytearray(encode(tone(rate=44_100), 44_100, "mp3", "libmp3lame"))
    data[2000:2400] = np.random.default_rng(3).bytes(400)
    (tmp_path / "damaged.mp3").write_bytes(data)
    code = (
        "import sys; from pronounce_kit.recording import Recording; assert 'av' not in sys.modules\n"
        "for path in sys.argv[1:]:\n"
        "    try: Recording.from_file(path).to_ogg_opus()\n"
        "    except ValueError as error: print(error)\n"
    )
    paths = [str(tmp_path / name) for name in ("bad.mp3", "damaged.mp3")]
    done = subprocess.run([sys.executable, "-c", code, *paths], capture_output=True, text=True, check=True)
    assert done.stderr == ""
