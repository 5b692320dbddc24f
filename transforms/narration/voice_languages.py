"""VoiceLanguages: refuses requests in languages that the voice engine cannot speak."""

from __future__ import annotations

from dataclasses import dataclass

from transforms.engine_plugin import ChosenEngine
from transforms.errors import ContentError, PermanentError
from transforms.model import ContentRequest
from transforms.narration.narration_child import make_voice_engine
from transforms.process.singletons import process_singleton


@dataclass(frozen=True)
class VoiceLanguages:
    """Refuses a request for audio or video in a language without a voice (`claim.Refusal`).

    Attributes:
        chosen: the voice engine and its settings.
    """

    chosen: ChosenEngine

    def __call__(self, request: ContentRequest) -> ContentError | None:
        """Return the voice engine's error for a request's language, or None."""
        if request.modality == "text":
            return None
        try:
            process_singleton(make_voice_engine, self.chosen).check_language(request.language)
        except PermanentError as error:
            return error
        except Exception:  # noqa: BLE001  (the narration stage decides about a broken engine)
            return None
        return None
