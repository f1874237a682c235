"""Sound files to 16 kHz mono samples and back, through PyAV 14 to 19.

Everything comes from outside, so everything is bounded: bytes read, seconds decoded, channels, sample rates.
Decoding goes piece by piece and stops at the first limit, whatever the header claims. PyAV, which takes 0.1 s to
import, is imported when it is first needed. Its logs are off by default, so FFmpeg writes nothing to stderr.

Whose fault an exception is: while a file is opened, demuxed and decoded, FFmpeg's own errors (`FFmpegError`) are about
the bytes. Everything else, and FFmpeg's errors over samples that were decoded already, is a fault of ours
(`InternalError`). `python -m tests.fuzz_recordings` looks for bytes of which that is not true.
"""

from __future__ import annotations

import contextlib
import io
import math
import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from .dependencies import needed
from .errors import AudioError
from .faults import blamed_on
from .quality import SILENT_DBFS, measure
from .sound_files import foreign_kind, kind_of

if TYPE_CHECKING:
    from av import AudioFrame, AudioStream
    from av.container import InputContainer
    from av.filter import Graph

Samples = NDArray[np.float32]

SAMPLE_RATE = 16_000
"""Hertz: what the Speech service and the embedded engine listen to."""

MAX_BYTES = 200_000_000
"""Largest file or upload that is read."""

MAX_SECONDS = 30 * 60.0
"""Longest recording that is decoded."""

MAX_CHANNELS = 8
"""7.1 surround. PyAV crashes the process on planar frames with more, so this is a limit of safety, not taste."""

MIN_SOURCE_RATE, MAX_SOURCE_RATE = 1_000, 768_000
"""Hertz; a header that claims anything else is wrong, and would multiply the samples without bound."""

# Demuxers for sound and video files. Playlists (HLS, concat, SDP, ...) stay out: they open other files and addresses.
_DEMUXERS = "aac,ac3,aiff,amr,asf,au,caf,flac,flv,matroska,mov,mp3,mpeg,mpegts,nistsphere,ogg,w64,wav,webm"
_OPUS = ("opus", "libopus")

# A channel this much weaker than the loudest one (30 dB) carries no speech, and does not count in the downmix.
_ACTIVE_SHARE = 1e-3
# A mix this much weaker than its loudest channel (10 dB) means that channels in opposite phase cancelled out.
_CANCELLED_SHARE = 0.1

_MOST_TRACKS = 8  # of a file that are listened to

_PIECE_S = 30  # of samples that are resampled at a time

# Packed samples that need nothing but a factor, once they are at the right rate.
_PLAIN = {"flt": np.float32(1), "s16": np.float32(1 / 32768)}

_RECORD_AGAIN = "Record again, and wait a moment before you press Stop."
_USE_FORMATS = "Use a WAV, FLAC, MP3, M4A, OGG or WebM recording."


def load_av() -> Any:
    """PyAV, which takes a tenth of a second to import. Raises `MissingDependencyError` where it cannot be loaded."""
    with needed("av", "Reading and writing recordings"):
        import av
    return av


@contextlib.contextmanager
def _blamed(what: str) -> Iterator[None]:
    """Around everything that calls PyAV: memory that runs out is told as such, what nobody foresaw as a fault of ours.

    `what` names the recording in messages.
    """
    with blamed_on("av", "numpy", given="recording"):
        try:
            yield
        except MemoryError:  # PyAV's own is one too
            raise AudioError(
                f"{what} is too large to decode in memory. Cut it into shorter recordings, or close other programs."
            ) from None


@contextlib.contextmanager
def _opened(data: bytes, demuxers: str) -> Iterator[InputContainer]:
    """A sound or video file, open for reading with one of these demuxers; raises `FFmpegError` for anything else."""
    av = load_av()
    # As `options`, PyAV before 18 frees memory that is not its own: once for each stream that MPEG, TS, FLV show late.
    only = {"format_whitelist": demuxers}
    try:
        container = av.open(io.BytesIO(data), "r", container_options=only)
    except UnicodeDecodeError:  # before 19, PyAV takes tags in Latin-1 for an error, unless told not to
        told: dict[str, Any] = {"metadata_errors": "ignore"}  # which newer ones, and their types, do not have
        container = av.open(io.BytesIO(data), "r", container_options=only, **told)
    with container:
        yield container


class Decoded(NamedTuple):
    """What `decode` found."""

    samples: Samples
    """Shape (n,), 16 kHz mono, in [-1, 1]."""
    is_opus: bool
    """Whether the bytes are intact Opus, mono or stereo, in WebM or OGG, so that `remux_opus` can take them."""
    sample_rate: int
    """Of the source, hertz: what it had no room for above half of that is not in the samples."""


def decode(data: bytes, what: str) -> Decoded:
    """Decode the best audio track of a sound or video file.

    `what` names the recording in messages. A file that is cut off gives what is there. Raises `AudioError` for
    anything else that is not a recording of at most `MAX_SECONDS`.
    """
    if not data:
        raise AudioError(f"{what} is empty (0 bytes). {_RECORD_AGAIN}")
    if len(data) > MAX_BYTES:
        raise too_many_bytes(what)
    av = load_av()
    with _blamed(what):
        parts = _parts(data, what)
        if len(parts) > 1:
            return _joined((decode(part, what) for part in parts), what)
        data = parts[0]
        if data[:4] in (b"RIFF", b"RIFX", b"RF64", b"BW64") and data[8:12] == b"WAVE":
            data = _plain_wav(data, what)
        if data.startswith(b"NIST_1A") and b"shorten" in data[:1024]:
            raise AudioError(
                f"{what} is a NIST SPHERE file packed with shorten. Convert it first: sph2pipe -f wav IN OUT."
            )
        try:
            with _opened(data, _DEMUXERS) as container:
                return _decode_container(container, data, what)
        except MemoryError:  # FFmpeg's own is an FFmpegError too
            raise
        except av.FFmpegError:
            raise _unreadable(data, what) from None


# How files begin: what to look for, and enough of what follows that it is hardly ever met within one.
_BEGINS = {
    b"RIFF": (b"WAVE", rb"(?:RIFF|RIFX|RF64|BW64).{4}WAVE(?:fmt |JUNK|junk|LIST|bext|fact|ds64|iXML|FLLR)"),
    b"FORM": (b"AIF", rb"FORM.{4}AIF[CF](?:COMM|FVER)"),
    b"caff": (b"caff", rb"caff\x00\x01\x00\x00desc"),
    b"riff": (b"riff", rb"riff\x2e\x91\xcf\x11\xa5\xd6\x28\xdb"),
    b"\x1aE\xdf\xa3": (b"\x1aE\xdf\xa3", rb"\x1aE\xdf\xa3.{1,40}?\x42\x82.(?:webm|matroska)"),
    b"OggS": (b"OggS\0\2", rb"OggS\x00\x02\x00{8}.{12}..(?:OpusHead|\x01vorbis)"),
    b"ftyp": (b"ftyp", rb"\x00\x00\x00[\x10-\x60]ftyp[ -~]{4}"),
}
_MOST_PARTS = 1000
_ONLY_HEADER = 80  # bytes: programs that wrap a WAV file in another put a second header before the first


def _parts(data: bytes, what: str) -> list[bytes]:
    """The files that stand one behind the other in one: recorders that go on after a pause write such, and `cat`.

    Decoders hear the first only, or the header of the next as a click.
    """
    sign, begins = _BEGINS.get(data[:4]) or _BEGINS.get(data[4:8]) or (b"", b"")
    if not sign or data.find(sign, 12) < 0:
        return [data]
    starts = [found.start() for found in re.finditer(begins, data, re.DOTALL)]
    if data[:4] == b"OggS":  # not several tracks side by side: those of a file before it have ended
        starts = [start for start in starts if _has_ended(data, start)]
    starts = [start for start in starts if start]
    if len(starts) >= _MOST_PARTS:
        raise AudioError(f"{what} holds more than {_MOST_PARTS:,} recordings. Cut it into a file each.")
    parts = [data[start:end] for start, end in pairwise([0, *starts, len(data)])]
    return [part for part in parts if len(part) > _ONLY_HEADER] or [data]


def _has_ended(data: bytes, at: int) -> bool:
    """Whether the last page before this place in an OGG file ends its track."""
    page = data.rfind(b"OggS\0", 0, at)
    return page >= 0 and page + 5 < at and bool(data[page + 5] & 4)


def _joined(parts: Iterable[Decoded], what: str) -> Decoded:
    pieces, rates, total = [], [], 0
    for part in parts:
        pieces.append(part.samples)
        rates.append(part.sample_rate)
        total += len(part.samples)
        if total > MAX_SECONDS * SAMPLE_RATE:
            raise too_long(what)
    return Decoded(np.concatenate(pieces), is_opus=False, sample_rate=min(rates))


def _decode_container(container: InputContainer, data: bytes, what: str) -> Decoded:
    track = _best_track(container, what)
    if track is None:
        raise AudioError(f"{what} has no audio track. {_USE_FORMATS}")
    context = track.codec_context
    if context is None:  # of a codec that this FFmpeg has no decoder for, or none at all
        raise _unreadable(data, what)
    _check_source(context.sample_rate, context.channels, what)
    context.open(strict=False)  # here, and not with the first packet, after which PyAV 19 takes the codec for unknown
    tally = _Tally()
    samples = _collect(_frames(container, track, tally), what)
    sample_rate = context.sample_rate
    if not samples.size:
        if tally.failed or tally.cut_off:
            raise _unreadable(data, what)
        raise AudioError(f"{what} holds no sound, only a header. {_RECORD_AGAIN}")
    if tally.failed > tally.decoded:
        raise AudioError(
            f"{what} is damaged: most of it cannot be decoded. Record it again or use another copy of the file."
        )
    # FFmpeg decodes Opus without its head, but would copy whatever is in the place of it.
    has_head = (context.extradata or b"").startswith(b"OpusHead")
    is_opus = (
        context.name in _OPUS
        and has_head
        and container.format.name in ("ogg", "matroska,webm")
        and context.channels <= 2
        and not tally.failed
    )
    return Decoded(samples, is_opus, sample_rate)


class _Tally:
    """How many packets could be decoded, and whether the file ended before its time."""

    def __init__(self) -> None:
        self.decoded = 0
        self.failed = 0
        self.cut_off = False


def _best_track(container: InputContainer, what: str) -> AudioStream | None:
    """The audio track to listen to: of several the first with a voice, FFmpeg's choice before the others.

    Screen recorders write the microphone and the sound of the computer to two tracks, one of them often silent.
    """
    from av import AudioStream

    track = container.streams.best("audio")
    if not isinstance(track, AudioStream):
        return None
    others = [other for other in container.streams.audio if other.index != track.index]
    heard = []
    for one in [track, *others[: _MOST_TRACKS - 1]] if others else []:
        if not MIN_SOURCE_RATE <= one.codec_context.sample_rate <= MAX_SOURCE_RATE:
            continue
        quality = measure(_collect(_frames(container, one, _Tally()), what))
        container.seek(0)
        if quality.speech_share > 0 and quality.speech_dbfs is not None and quality.speech_dbfs > SILENT_DBFS:
            return one
        heard.append((quality.peak_dbfs or -math.inf, one))
    return max(heard, key=lambda pair: pair[0])[1] if heard else track


def _frames(container: InputContainer, track: AudioStream, tally: _Tally) -> Iterator[AudioFrame]:
    """Decoded frames; a packet that cannot be decoded is counted and skipped."""
    from av import FFmpegError

    packets = container.demux(track)
    while True:
        try:
            packet = next(packets)
        except StopIteration:
            return
        except FFmpegError:
            tally.cut_off = True
            return
        try:
            frames = track.decode(packet)
        except FFmpegError:
            tally.failed += 1
            continue
        tally.decoded += bool(frames)
        yield from frames


def _collect(frames: Iterable[AudioFrame], what: str) -> Samples:
    """Frames of any format, which may change on the way, to 16 kHz mono within [-1, 1]."""
    limit = round(MAX_SECONDS * SAMPLE_RATE)
    segments: list[Samples] = []  # finished ones
    total = 0
    setup: tuple[object, ...] = ()
    converter: _Converter | None = None
    downmix = _Downmix([])

    def take(frame: AudioFrame | None) -> None:
        nonlocal total
        if converter is None:
            return
        for piece in converter.convert(frame):
            total += len(piece)
            if total > limit:
                raise too_long(what)
            downmix.add(piece)

    for frame in frames:
        layout = frame.layout
        _check_source(frame.sample_rate, layout.nb_channels, what)
        if setup != (frame.format.name, layout.name, frame.sample_rate):
            take(None)
            segments.append(downmix.finish())
            setup = (frame.format.name, layout.name, frame.sample_rate)
            downmix = _Downmix([channel.name for channel in layout.channels])
            converter = _Converter(frame)
        frame.pts = None  # the samples follow each other, whatever a damaged file says about their times
        take(frame)
    take(None)
    segments.append(downmix.finish())
    samples = np.concatenate(segments)
    del segments
    if not np.isfinite(samples).all():
        raise AudioError(
            f"{what} holds samples that are not numbers (NaN or infinity). Save the recording again as 16-bit WAV."
        )
    return np.clip(samples, -1, 1, out=samples)


def _resampling() -> contextlib.AbstractContextManager[None]:
    """Around what is done with samples that are decoded: an error over them, FFmpeg's too, is not the file's."""
    return blamed_on("av", "numpy", given="recording", unless=(MemoryError,))


class _Converter:
    """Frames of one format to 16 kHz floats of shape (n, channels).

    PyAV's own resampler does the same, but starts a thread for each core every time, and waits for their ends with
    Python's lock in its hand, while other recordings of a batch wait for that.
    """

    def __init__(self, first: AudioFrame) -> None:
        self._scale = _PLAIN.get(first.format.name) if first.sample_rate == SAMPLE_RATE else None
        if self._scale is None:
            with _resampling():
                self._graph = self._graph_for(first)

    @staticmethod
    def _graph_for(first: AudioFrame) -> Graph:
        from av.filter import Graph

        graph = Graph()
        if hasattr(graph, "threads"):  # not before PyAV 17
            graph.threads = 1
        layout = first.layout.name
        rate = first.sample_rate
        source = graph.add(
            "abuffer",
            sample_rate=str(rate),
            sample_fmt=first.format.name,
            channel_layout=layout,
            time_base=f"1/{rate}",
        )
        wanted = graph.add("aformat", sample_rates=str(SAMPLE_RATE), sample_fmts="flt", channel_layouts=layout)
        sink = graph.add("abuffersink")
        source.link_to(wanted)
        wanted.link_to(sink)
        graph.configure()
        return graph

    def convert(self, frame: AudioFrame | None) -> Sequence[Samples]:
        """What comes out for a frame, or at the end (None)."""
        if self._scale is not None:
            with np.errstate(invalid="ignore"):  # float files may hold anything; checked at the end
                return [] if frame is None else [_array(frame) * self._scale]
        with _resampling():
            self._graph.push(frame)
            return [_array(piece) for piece in self._pulled()]

    def _pulled(self) -> Iterator[Any]:
        from av import BlockingIOError, EOFError

        with contextlib.suppress(BlockingIOError, EOFError):
            while True:
                yield self._graph.pull()


def _array(frame: Any) -> Samples:
    """Shape (n, channels). Packed, so one plane: PyAV reads beyond its planes when it turns 8 planar ones into one."""
    return np.asarray(frame.to_ndarray(), np.float32).reshape(frame.samples, -1)


class _Downmix:
    """Piece by piece, the mean of those channels that carry sound.

    A plain mean would make speech on one channel of six 16 dB weaker, and lose a stereo file whose channels are in
    opposite phase. Only the sum and the first channel are kept, so that memory does not grow with the channels.
    """

    def __init__(self, channel_names: list[str]) -> None:
        # The low-frequency effects of surround sound are rumble, not speech.
        weights = [float(name != "LFE") for name in channel_names]
        self._weights = np.array(weights if any(weights) else [1.0] * len(weights), np.float32)
        self._energy = np.zeros(len(weights))
        self._sum: list[Samples] = []
        self._first: list[Samples] = []

    def add(self, piece: Samples) -> None:
        """Add samples of shape (n, channels)."""
        if len(self._weights) <= 1:
            self._sum.append(piece[:, 0].copy())
            return
        with np.errstate(over="ignore", invalid="ignore"):  # float files may hold anything; checked at the end
            self._energy += np.einsum("ij,ij->j", piece, piece, dtype=np.float64) * self._weights
            self._sum.append(piece @ self._weights)
        self._first.append(piece[:, 0].copy())

    def finish(self) -> Samples:
        """The mono samples, shape (n,)."""
        if not self._sum:
            return np.zeros(0, np.float32)
        mix = np.concatenate(self._sum)
        self._sum.clear()
        loudest = self._energy.max(initial=0.0)
        if len(self._weights) <= 1 or not np.isfinite(loudest) or loudest == 0:
            return mix
        mix /= np.count_nonzero(self._energy > _ACTIVE_SHARE * loudest)
        mixed = float(np.dot(mix, mix))
        if mixed < _CANCELLED_SHARE * loudest and self._energy[0] > _CANCELLED_SHARE * loudest:
            return np.concatenate(self._first)
        return mix


def to_mono(samples: Samples) -> Samples:
    """Shape (n, channels) to (n,), the way decoded files are mixed."""
    downmix = _Downmix([""] * samples.shape[1])
    downmix.add(samples)
    return downmix.finish()


def resample(samples: Samples, sample_rate: int, what: str) -> Samples:
    """Mono samples of any rate to 16 kHz; those of 16 kHz come back as they are."""
    _check_source(sample_rate, 1, what)
    if sample_rate == SAMPLE_RATE or not samples.size:
        return samples

    def frames() -> Iterator[AudioFrame]:
        import av

        for start in range(0, len(samples), _PIECE_S * sample_rate):
            piece = samples[None, start : start + _PIECE_S * sample_rate]
            frame = av.AudioFrame.from_ndarray(piece, "flt", "mono")
            frame.sample_rate = sample_rate
            yield frame

    with _blamed(what):
        return _collect(frames(), what)


def encode_opus(samples: Samples) -> bytes:
    """16 kHz mono samples to OGG Opus, 32 kbit/s: wideband speech without audible loss."""
    av = load_av()
    buffer = io.BytesIO()
    with _blamed("The recording"), av.open(buffer, "w", format="ogg") as target:
        stream = target.add_stream("libopus", rate=SAMPLE_RATE, layout="mono")
        stream.bit_rate = 32_000
        for start in range(0, len(samples), SAMPLE_RATE):
            frame = av.AudioFrame.from_ndarray(samples[None, start : start + SAMPLE_RATE], "flt", "mono")
            frame.sample_rate = SAMPLE_RATE
            frame.pts = start
            target.mux(stream.encode(frame))
        target.mux(stream.encode(None))
    return buffer.getvalue()


def remux_opus(data: bytes) -> bytes | None:
    """The Opus packets of a WebM or OGG file, untouched, in a new OGG file; None for times that OGG cannot hold."""
    import av

    buffer = io.BytesIO()
    with _blamed("The recording"):
        try:
            with _opened(data, "matroska,webm,ogg") as source, av.open(buffer, "w", format="ogg") as target:
                track = source.streams.best("audio")
                stream = target.add_stream_from_template(track)
                for packet in source.demux(track):
                    if packet.dts is not None:  # the last, empty packet only flushes decoders
                        packet.stream = stream
                        target.mux(packet)
        except av.FFmpegError:
            return None
    return buffer.getvalue()


def opus_seconds(data: bytes, limit_s: float) -> float:
    """Seconds in an OGG Opus file of one track, by its packets: nothing is decoded, and not much over the limit read.

    Raises `AudioError` for anything else.
    """
    from av import FFmpegError

    what = "The recording"
    seconds = 0.0
    with _blamed(what):
        try:
            with _opened(data, "ogg") as container:
                tracks = container.streams.audio
                if len(tracks) != 1 or tracks[0].codec_context.name not in _OPUS:
                    raise AudioError(f"{what} is not OGG Opus with one track. Save it again as OGG Opus.")
                for packet in container.demux(tracks[0]):
                    # FFmpeg reads the duration from the packet itself; the times in the container may say anything.
                    if packet.duration and packet.time_base:
                        seconds += float(packet.duration * packet.time_base)
                    if seconds > limit_s + 1:
                        break
        except MemoryError:  # FFmpeg's own is an FFmpegError too
            raise
        except FFmpegError:
            raise _unreadable(data, what) from None
    return seconds


def too_long(what: str) -> AudioError:
    """The error for a recording of more than `MAX_SECONDS`."""
    return AudioError(f"{what} is longer than {MAX_SECONDS / 60:g} minutes. Cut it into shorter recordings.")


def too_many_bytes(what: str) -> AudioError:
    """The error for a file of more than `MAX_BYTES`."""
    return AudioError(
        f"{what} is larger than {MAX_BYTES / 1e6:g} MB. Cut it into shorter recordings, or save it as FLAC or MP3."
    )


def _check_source(sample_rate: int, channels: int, what: str) -> None:
    if not MIN_SOURCE_RATE <= sample_rate <= MAX_SOURCE_RATE:
        raise AudioError(
            f"{what} claims a sample rate of {sample_rate} Hz, which no recording has. "
            "Save it again at 16000 Hz or another common rate."
        )
    if not 1 <= channels <= MAX_CHANNELS:
        raise AudioError(
            f"{what} claims {channels} channels; at most {MAX_CHANNELS} are read. Save it again as mono or stereo."
        )


def _unreadable(data: bytes, what: str) -> AudioError:
    # Tells a damaged recording from something that never was one.
    if foreign := foreign_kind(data):
        return AudioError(f"{what} is {foreign}")
    if kind := kind_of(data):
        return AudioError(f"{what} begins like {kind.name} but holds no sound that can be decoded. {_RECORD_AGAIN}")
    return AudioError(f"{what} is not a sound file that can be read. {_USE_FORMATS}")


def _plain_wav(data: bytes, what: str) -> bytes:
    """A WAV file with nothing but its format and all its samples.

    Streaming writers leave a guess where the length of the samples belongs: 0, the largest number, or less or more
    than there is. And for a tag that claims 2 GB, FFmpeg takes the 2 GB. So the chunks are read here.
    """
    order: Literal["big", "little"] = "big" if data[:4] == b"RIFX" else "little"
    at = 12
    long_size = 0
    layout = b""
    while at + 8 <= len(data):
        name, size = data[at : at + 4], int.from_bytes(data[at + 4 : at + 8], order)
        start = at + 8
        if name == b"ds64":  # RF64, for more than 4 GB: the true size of the samples, whose own field is all ones
            long_size = int.from_bytes(data[start + 8 : start + 16], order)
        elif name == b"fmt ":
            layout = data[start : start + min(size, 1024)]
        elif name == b"data":
            end = start + (long_size if size == 0xFFFFFFFF else size)
            samples = memoryview(data)[start : end if end > start and _ends_at_chunk(data, end, order) else None]
            one = int.from_bytes(layout[12:14], order)  # bytes of one sample of all channels
            if 0 < one <= 8 * MAX_CHANNELS:  # more is a block of compressed ones
                samples = samples[: len(samples) // one * one]  # over half a sample, older FFmpeg drops a whole packet
            sizes = [
                number.to_bytes(4, order) for number in (20 + len(layout) + len(samples), len(layout), len(samples))
            ]
            magic = b"RIFX" if order == "big" else b"RIFF"
            return b"".join((magic, sizes[0], b"WAVEfmt ", sizes[1], layout, b"data", sizes[2], samples))
        at = _after(data, start + size)
    raise _unreadable(data, what)


def _after(data: bytes, end: int) -> int:
    """Where the chunk behind one that ends here begins: at an even place, but for writers that do not know that."""
    return end if end % 2 and _is_name(data[end : end + 4]) and not _is_name(data[end + 1 : end + 5]) else end + end % 2


def _is_name(four: bytes) -> bool:
    """Whether four bytes can be the name of a chunk."""
    return len(four) == 4 and all(32 <= byte < 127 for byte in four)


def _ends_at_chunk(data: bytes, end: int, order: Literal["big", "little"]) -> bool:
    """Whether the samples of a WAV can end here: at the end of the file, or where chunks follow up to its end."""
    at = first = _after(data, end) if end < len(data) else end + end % 2
    while at + 8 <= len(data):
        if not _is_name(data[at : at + 4]):
            return False
        size = int.from_bytes(data[at + 4 : at + 8], order)
        at = _after(data, at + 8 + size)
        if at > len(data) + 1:
            return False  # it does not fit, so its name and size were samples
    return end >= len(data) - 1 or at > first
