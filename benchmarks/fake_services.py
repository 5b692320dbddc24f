"""Run `vividly` with engines that call fake services instead of Google's.

python -m benchmarks.fake_services drain …

`FAKE_SPEECH` and `FAKE_GEMINI` name the servers. With `ONE_BY_ONE` the Google voice sends one
request a sentence and leaves retries to the stage, which repeats the whole lesson.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from dataclasses import replace

from transforms.engine_plugin import ChosenEngine
from transforms.model import Usage
from transforms.narration import narrate_script, narration_child
from transforms.narration.engines.google.google_tts import GoogleVoice
from transforms.narration.engines.google.speech_answer import read_speech
from transforms.narration.engines.google.speech_request import SpeechInput
from transforms.narration.engines.voice_engine import Recording, Speech, VoiceEngine
from transforms.script import write_script
from transforms.script.engines.script_engine import ScriptEngine
from transforms.stage.paid_call import PaidCalls


class OneByOneVoice(GoogleVoice):
    """Voice that speaks sentence by sentence without `PaidCalls`: a failure repeats the stage."""

    def speak(
        self, sections: Sequence[Sequence[str]], *, language: str, calls: PaidCalls
    ) -> Speech:
        """Speak sentence by sentence."""
        spoken = tuple(
            tuple(
                Recording(
                    read_speech(
                        self.synthesize(SpeechInput("text", text), self.voice, calls.left),
                        text,
                        1.0,
                    )
                )
                for text in section
            )
            for section in sections
        )
        characters = sum(len(text) for section in sections for text in section)
        return Speech(spoken, (Usage("text-to-speech/chirp3-hd/characters", characters),))


def make_voice(chosen: ChosenEngine) -> VoiceEngine:
    """Create the Google voice with a client of the fake."""
    settings = replace(chosen.settings, endpoint=os.environ["FAKE_SPEECH"], insecure=True)
    return (OneByOneVoice if "ONE_BY_ONE" in os.environ else GoogleVoice)(settings)


def make_script_engine(chosen: ChosenEngine) -> ScriptEngine:
    """Create the script engine; Gemini calls the fake."""
    if chosen.name != "gemini":
        return write_script_engine(chosen)
    settings = replace(chosen.settings, base_url=os.environ["FAKE_GEMINI"], api_key="fake")
    return write_script_engine(replace(chosen, settings=settings))


write_script_engine = write_script.make_script_engine


def install() -> None:
    """Replace the engines of this process by ones that call the fakes."""
    narration_child.make_voice_engine = make_voice  # for the checks before a job
    narrate_script.make_voice_engine = make_voice  # type: ignore[attr-defined]
    write_script.make_script_engine = make_script_engine


def main() -> int:
    """Run the command line."""
    from pipeline.cli import app

    install()
    return app.main(sys.argv[1:])


if __name__ == "__main__":
    sys.exit(main())
