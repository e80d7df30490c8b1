"""What may be attached to a case: told from its bytes, never from its name; a picture is painted anew (H18, D9, C12).

A picture is decoded and encoded again, so that where and when it was taken, the camera, a preview, a comment and
anything hidden behind its last byte are gone. A document (PDF) or a recording is kept as it is, and only ever handed
out as a file to save. Sizes are bounded before anything is decoded.
"""

from dataclasses import dataclass
from io import BytesIO

from PIL import Image, ImageOps, UnidentifiedImageError

from tillit.cases.errors import CaseError

PDF = "application/pdf"
JPEG = "image/jpeg"
PNG = "image/png"
WEBP = "image/webp"
MP3 = "audio/mpeg"
WAV = "audio/wav"
OGG = "audio/ogg"
SOUNDS = (MP3, WAV, OGG)
PICTURES = {JPEG: "JPEG", PNG: "PNG", WEBP: "WEBP"}
ENDINGS = {PDF: "pdf", JPEG: "jpg", PNG: "png", MP3: "mp3", WAV: "wav", OGG: "ogg"}
"""Media type as kept → ending of its name. A WebP picture is kept as JPEG."""
_PIXELS = 50_000_000
_SIDE = 3000
_QUALITY = 85


@dataclass(frozen=True)
class Clean:
    """A file as it is kept."""

    media_type: str
    body: bytes

    @property
    def ending(self) -> str:
        """Of its name."""
        return ENDINGS[self.media_type]


def media_type_of(body: bytes) -> str | None:
    """The media type the bytes are of; None for one that is not known here."""
    if body.startswith(b"\xff\xd8\xff"):
        return JPEG
    if body.startswith(b"\x89PNG\r\n\x1a\n"):
        return PNG
    if body[:4] == b"RIFF" and body[8:12] == b"WEBP":
        return WEBP
    if body.startswith(b"%PDF-") and b"%%EOF" in body[-1024:]:
        return PDF
    return _sound(body)


def _sound(body: bytes) -> str | None:
    if body[:4] == b"RIFF" and body[8:12] == b"WAVE":
        return WAV
    if body.startswith(b"OggS"):
        return OGG
    frame = len(body) > 1 and body[0] == 0xFF and body[1] & 0xE6 == 0xE2  # MPEG audio, layer III
    return MP3 if frame or body.startswith(b"ID3") else None


def clean(body: bytes) -> Clean:
    """The file as it may be kept. Raises `CaseError`: `file-type` (not a known type, or broken), `file-pixels`."""
    found = media_type_of(body)
    if found is None:
        raise CaseError("file-type", "that is no picture, PDF or recording")
    if found == PDF or found in SOUNDS:
        return Clean(found, body)
    return _painted(body, found)


def _painted(body: bytes, found: str) -> Clean:
    try:
        with Image.open(BytesIO(body), formats=(PICTURES[found],)) as picture:
            if picture.width * picture.height > _PIXELS:
                raise CaseError("file-pixels", "the picture has too many pixels")
            upright = ImageOps.exif_transpose(picture)
            kept = PNG if found == PNG else JPEG
            plain = upright.convert("RGB" if kept == JPEG or "A" not in upright.getbands() else "RGBA")
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise CaseError("file-pixels", "the picture has too many pixels") from None
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError, EOFError):
        raise CaseError("file-type", "the picture cannot be read") from None
    plain.thumbnail((_SIDE, _SIDE))
    fresh = Image.new(plain.mode, plain.size)  # nothing but the pixels goes over
    fresh.paste(plain)
    out = BytesIO()
    fresh.save(out, PICTURES[kept], **({"quality": _QUALITY} if kept == JPEG else {"optimize": True}))
    return Clean(kept, out.getvalue())
