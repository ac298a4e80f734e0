"""The web-ready loop and its poster, made from a finished clip in one ffmpeg pass."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from pipeline.errors import DiskFull, EncoderFailed
from pipeline.media import ffmpeg as encoder
from pipeline.media.decoding.clipfacts import ClipFacts, container_of
from pipeline.media.decoding.profiles import HDR
from pipeline.media.ffmpeg import Ended, Outcome
from pipeline.media.probe import decode_fully, probe
from pipeline.media.stills import check_still

LOWER_PRESET: Final = "veryfast"
RETRY_SHARE: Final = 0.8
LEAST_KBPS: Final = 100
MOST_TRIES: Final = 8
SECONDS_LIMIT: Final = 300.0
MEMORY_LIMIT_BYTES: Final = 2 * 1024**3
# A crossfade needs two fades and something between them.
LEAST_LOOP_SECONDS: Final = 1.2
UNTAGGED: Final = 2
FRAMES_OFF: Final = 2
# A clip for bright screens (PQ, HLG): to light, to ordinary primaries, straight up to graphics white (203 cd/m², ITU-R BT.2408) and bent above it.
TO_ORDINARY: Final = (
    "zscale=transfer=linear:npl=203,format=gbrpf32le,zscale=primaries=bt709,tonemap=mobius:desat=0,"
    "zscale=transfer=bt709:matrix=bt709:range=tv,format=yuv420p"
)
# Several x264 threads under a bit-rate ceiling give other bytes every time. Preset "faster" on one thread takes as long as
# "medium" on two, for 0.0007 SSIM less and 7 to 17 % fewer bytes (measured on three clips).
THREADS: Final = ("-threads", "1")
EXACT: Final = ("-map_metadata", "-1", "-map_chapters", "-1", "-fflags", "+bitexact", "-flags:v", "+bitexact")


@dataclass(frozen=True, kw_only=True)
class ClipRecipe:
    """How a clip is made: size, rate, loop crossfade, quality (CRF, lower is better), ceilings of bit rate and file size."""

    width_px: int = 720
    height_px: int = 720
    frames_per_second: int = 24
    crossfade_seconds: float = 0.5
    loop: bool = True
    crf: int = 20
    max_kbps: int = 2000
    preset: str = "faster"
    limit_bytes: int = 1_500_000


@dataclass(frozen=True, kw_only=True)
class EncodedClip:
    """The finished files inside the folder, and the facts of the clip."""

    clip: Path
    poster: Path
    facts: ClipFacts


@dataclass(frozen=True, kw_only=True)
class _Job:
    """One encode: everything but the bit rate and preset, which retries change."""

    source: Path
    facts: ClipFacts
    clip: Path
    poster: Path
    ffmpeg: str
    on_progress: Callable[[float], None] | None
    cancelled: Callable[[], bool]


def encode_clip(
    source: Path,
    folder: Path,
    recipe: ClipRecipe,
    *,
    ffmpeg: str = "",
    on_progress: Callable[[float], None] | None = None,
    cancelled: Callable[[], bool] = lambda: False,
) -> EncodedClip:
    """Make `clip.mp4` and `poster.webp` in `folder`: H.264 Baseline without sound, tagged bt709, under the recipe's size.

    `on_progress` gets the share done, 0 to 1. The same source, recipe and ffmpeg give the same bytes. Nothing half-made stays behind;
    one job at a time for a folder.
    Raises BrokenMedia, NoPicture, EncoderFailed, DiskFull, Cancelled.
    """
    facts = probe(source)
    job = _Job(
        source=source,
        facts=facts,
        clip=folder / ".clip.mp4",
        poster=folder / ".poster.webp",
        ffmpeg=ffmpeg,
        on_progress=on_progress,
        cancelled=cancelled,
    )
    try:
        made = _encode_whole(job, recipe)
        return EncodedClip(clip=job.clip.replace(folder / "clip.mp4"), poster=job.poster.replace(folder / "poster.webp"), facts=made)
    finally:
        _tidy(job)


def output_frames(seconds: float, recipe: ClipRecipe) -> int:
    """Return how many frames a source of this length becomes, crossfade taken off."""
    frames = max(1, round(seconds * recipe.frames_per_second))
    return frames - _fade_frames(seconds, recipe)


def filter_graph(facts: ClipFacts, recipe: ClipRecipe) -> str:
    """Return the one filter graph from [0:v] to [v] (clip) and [p] (poster); only numbers of ours enter it."""
    fade, rate = _fade_frames(facts.seconds, recipe), recipe.frames_per_second
    parts = [f"[0:v]{_picture(facts, recipe)}"]
    if fade:
        offset = (round(facts.seconds * rate) - 2 * fade) / rate
        parts[0] += ",split[a][b]"
        parts.append(f"[a]trim=start_frame={fade},setpts=PTS-STARTPTS[body]")
        parts.append(f"[b]trim=end_frame={fade},setpts=PTS-STARTPTS[head]")
        parts.append(f"[body][head]xfade=duration={fade / rate:.6f}:offset={offset:.6f}")
    # xfade answers in 4:4:4, which Baseline cannot hold, and raw frames carry tags only through setparams.
    end = "format=yuv420p,setparams=range=tv:colorspace=bt709:color_primaries=bt709:color_trc=bt709,split[v][first]"
    parts[-1] += f",{end}"
    parts.append("[first]select=eq(n\\,0),format=bgra[p]")
    return ";".join(parts)


def _picture(facts: ClipFacts, recipe: ClipRecipe) -> str:
    """Crop the middle to the recipe's shape, scale and set the rate; an untagged source means bt709, as browsers take it."""
    wide, high = recipe.width_px, recipe.height_px
    square_pixels = "" if facts.pixel_shape == 1.0 else "scale=iw*sar:ih,setsar=1,"
    ordinary = f"{TO_ORDINARY}," if facts.colour_tags[2] in HDR else ""
    matrix = "bt709" if ordinary or facts.colour_tags[0] == UNTAGGED else "auto"
    scale = f"scale={wide}:{high}:flags=lanczos:in_color_matrix={matrix}:out_color_matrix=bt709:out_range=tv"
    crop = f"crop='min(iw,ih*{wide}/{high})':'min(ih,iw*{high}/{wide})'"
    return f"setpts=PTS-STARTPTS,{ordinary}{square_pixels}{crop},{scale},setsar=1,fps={recipe.frames_per_second},format=yuv420p,settb=AVTB"


def _fade_frames(seconds: float, recipe: ClipRecipe) -> int:
    fits = recipe.loop and recipe.crossfade_seconds > 0 and seconds >= max(LEAST_LOOP_SECONDS, 2 * recipe.crossfade_seconds + 0.2)
    return round(recipe.crossfade_seconds * recipe.frames_per_second) if fits else 0


def _encode_whole(job: _Job, recipe: ClipRecipe) -> ClipFacts:
    """Encode by the header's length, and where that was wrong or missing once more by the length the frames really have."""
    if job.facts.seconds:
        made = _encode_small_enough(job, recipe)
        if abs(made.frames - output_frames(job.facts.seconds, recipe)) <= FRAMES_OFF:
            return made
    true_seconds = decode_fully(job.source).seconds
    return _encode_small_enough(replace(job, facts=replace(job.facts, seconds=true_seconds)), recipe)


def _encode_small_enough(job: _Job, recipe: ClipRecipe) -> ClipFacts:
    """Encode, and while the file is too large encode again at a lower ceiling: 80 % first, then by what is missing."""
    for _ in range(MOST_TRIES):
        recipe = _encode_surely(job, recipe)
        size = job.clip.stat().st_size
        if size <= recipe.limit_bytes:
            return _checked(job, recipe)
        recipe = replace(recipe, max_kbps=int(recipe.max_kbps * min(RETRY_SHARE, recipe.limit_bytes / size)))
        if recipe.max_kbps < LEAST_KBPS:
            break
    raise EncoderFailed(f"The clip does not fit into {recipe.limit_bytes / 1_000_000:g} MB.", next="Make a shorter clip.")


def _encode_surely(job: _Job, recipe: ClipRecipe) -> ClipRecipe:
    """Encode once, and once more at a lower preset where the machine was too small for it; returns the recipe that worked.

    ffmpeg carries on past damage and only complains, so a complaint has the source decoded to its end.
    """
    outcome = _encode(job, recipe)
    if outcome.ended in (Ended.KILLED, Ended.OUT_OF_MEMORY, Ended.OUT_OF_TIME) and recipe.preset != LOWER_PRESET:
        recipe = replace(recipe, preset=LOWER_PRESET)
        outcome = _encode(job, recipe)
    if outcome.ended is not Ended.FINE:
        raise _failure(job, outcome)
    if outcome.complaint:
        decode_fully(job.source)
    return recipe


def _tidy(job: _Job) -> None:
    """Remove half-made files; also before a start, so that the dying child of a killed worker cannot write into ours."""
    job.clip.unlink(missing_ok=True)
    job.poster.unlink(missing_ok=True)


def _encode(job: _Job, recipe: ClipRecipe) -> Outcome:
    _tidy(job)
    seconds = output_frames(job.facts.seconds, recipe) / recipe.frames_per_second

    def tell(made: float) -> None:
        if job.on_progress is not None:
            job.on_progress(min(1.0, made / seconds))

    return encoder.run(
        _arguments(job, recipe),
        ffmpeg=job.ffmpeg,
        seconds_limit=SECONDS_LIMIT,
        memory_limit_bytes=MEMORY_LIMIT_BYTES,
        on_progress=tell,
        cancelled=job.cancelled,
    )


def _arguments(job: _Job, recipe: ClipRecipe) -> list[str]:
    """Spell the command; the source is named as a plain file of a known container, so it cannot point anywhere else."""
    kbps = f"{recipe.max_kbps}k"
    return [
        *("-protocol_whitelist", "file", "-f", container_of(job.source), "-i", f"file:{job.source.resolve()}"),
        *("-filter_complex", filter_graph(job.facts, recipe), "-map", "[v]", "-an", "-c:v", "libx264", *THREADS),
        *("-preset", recipe.preset, "-crf", str(recipe.crf), "-maxrate", kbps, "-bufsize", kbps, "-profile:v", "baseline"),
        *(*EXACT, "-movflags", "+faststart", "-f", "mp4", f"file:{job.clip.resolve()}"),
        *("-map", "[p]", "-frames:v", "1", "-c:v", "libwebp", "-quality", "80", *EXACT, "-f", "webp", f"file:{job.poster.resolve()}"),
    ]


def _failure(job: _Job, outcome: Outcome) -> EncoderFailed | DiskFull:
    """Choose the sentence; a source that does not decode to its end raises BrokenMedia here instead."""
    if outcome.ended is Ended.DISK_FULL:
        return DiskFull()
    if outcome.ended is Ended.OUT_OF_TIME:
        return EncoderFailed("Encoding the clip took too long, also at the faster preset.")
    if outcome.ended is Ended.REFUSED:
        decode_fully(job.source)
        return EncoderFailed("The encoder could not make this clip.")
    return EncoderFailed("The encoder ran out of memory or was stopped, also at the lower preset.")


def _checked(job: _Job, recipe: ClipRecipe) -> ClipFacts:
    """Decode both files to the end before anybody gets them."""
    facts = decode_fully(job.clip)
    if (facts.width_px, facts.height_px) != (recipe.width_px, recipe.height_px):
        raise EncoderFailed("The encoder made a clip of the wrong size.")
    check_still(job.poster.read_bytes())
    return facts
