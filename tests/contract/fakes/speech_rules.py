"""What Google Text-to-Speech accepts, bills and speaks of a request."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from dataclasses import dataclass

import grpc
from google.cloud import texttospeech as tts

from transforms.text.sentences import split_sentences

_PAUSE = re.compile(r"\[pause(?: short| long)?\]")
_NO_PAUSES = re.compile("(bg|cs|el|et|he|hr|hu|lt|lv|pa|ro|sk|sl|sr|yue)-")


@dataclass(frozen=True)
class Failure(Exception):
    """An error answer, with a retry delay in seconds if given."""

    code: grpc.StatusCode
    message: str = "scripted failure"
    retry_after: float | None = None


def content(request: tts.SynthesizeSpeechRequest) -> str:
    """Return what is billed: the whole input, with its markup."""
    return request.input.text or request.input.markup or request.input.ssml


def pieces(request: tts.SynthesizeSpeechRequest) -> list[str]:
    """Return the texts between which a request asks for pauses; sentences if it asks for none."""
    if request.input.text:
        return list(split_sentences(request.input.text, 5000))
    if request.input.markup:
        return [piece.strip() for piece in _PAUSE.split(request.input.markup)]
    root = ET.fromstring(request.input.ssml)
    return [text.strip() for text in (root.text, *(child.tail for child in root)) if text]


def check(request: tts.SynthesizeSpeechRequest) -> None:
    """Raise the service's error if a request is invalid."""
    text, voice, audio = content(request), request.voice, request.audio_config
    chirp = "Chirp3" in voice.name
    refused = grpc.StatusCode.INVALID_ARGUMENT
    if not text.strip():
        raise Failure(
            refused, "Either `input.text` or `input.ssml` is longer than the limit or empty"
        )
    if len(text.encode()) > 5000:
        raise Failure(
            refused, "Either `input.text` or `input.ssml` is longer than the limit of 5000"
        )
    if request.input.markup and (not chirp or _NO_PAUSES.match(voice.language_code)):
        raise Failure(refused, "This voice does not support markup input.")
    if request.input.ssml:
        _check_ssml(request.input.ssml, chirp)
    if not voice.name.startswith(voice.language_code):
        raise Failure(refused, f"voice {voice.name} does not match {voice.language_code}")
    if audio.audio_encoding != tts.AudioEncoding.LINEAR16:
        raise Failure(refused, "only LINEAR16 here")
    if audio.pitch and chirp:
        raise Failure(refused, "This voice does not support pitch parameters at this time.")


def _check_ssml(text: str, chirp: bool) -> None:
    try:
        root = ET.fromstring(text)
    except ET.ParseError as error:
        raise Failure(grpc.StatusCode.INVALID_ARGUMENT, "Invalid SSML") from error
    if chirp or root.tag != "speak" or any(child.tag != "break" for child in root):
        raise Failure(grpc.StatusCode.INVALID_ARGUMENT, "Invalid SSML. Newer voices like Neural2")
