"""The coder of every element that crosses a step boundary."""

from __future__ import annotations

from typing import Any

import apache_beam as beam
from apache_beam.utils.plugin import BeamPlugin

from transforms.model import MODELS, Model, decode, encode, model_of

URN = "vividly:coder:model:v1"
"""What a translated graph calls `ModelCoder`. Its payload is ``name:version`` of the model."""


class ModelCoder(beam.coders.Coder):
    """Encodes a model as one byte with its version, and then the JSON of `transforms.model`.

    A running streaming job holds encoded elements, and compares this coder's URN and payload when
    it is updated in place. Neither depends on where a class or this module is defined.
    """

    def __init__(self, model: Model) -> None:
        self.model = model
        self._prefix = bytes((model.version,))

    @classmethod
    def from_type_hint(cls, typehint: Any, registry: Any) -> ModelCoder:
        return cls(model_of(typehint))

    def encode(self, value: object) -> bytes:
        return self._prefix + encode(value)

    def decode(self, encoded: bytes) -> Any:
        """Raises: ValueError: it was written by another version."""
        if encoded[:1] != self._prefix:
            raise _other_version(self.model, encoded[0] if encoded else "nothing")
        return decode(self.model.cls, encoded[1:])

    def is_deterministic(self) -> bool:
        return False  # maps keep the publisher's order; no element is ever a key

    def to_type_hint(self) -> type:
        return self.model.cls

    def to_runner_api_parameter(self, context: Any) -> tuple[str, bytes, tuple[()]]:
        return URN, self._payload, ()

    @property
    def _payload(self) -> bytes:
        return f"{self.model.name}:{self.model.version}".encode()

    def __reduce__(self) -> tuple[Any, tuple[bytes]]:
        # A pickled coder would hold the module path of the model's class.
        return _from_payload, (self._payload,)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, ModelCoder) and other.model == self.model

    def __hash__(self) -> int:
        return hash((ModelCoder, self.model))

    def __repr__(self) -> str:
        return f"ModelCoder[{self.model.name} v{self.model.version}]"


class ModelCoderPlugin(BeamPlugin):
    """Makes a Beam worker import this module when it starts, and so know the URN.

    The Dataflow runner passes every subclass of `BeamPlugin` on; other runners need
    `--beam_plugins`, which `pipeline.settings.beam_options` sets.
    """


PLUGIN = f"{ModelCoderPlugin.__module__}.{ModelCoderPlugin.__qualname__}"
"""The plugin as `--beam_plugins` takes it."""


def _from_payload(payload: bytes) -> ModelCoder:
    name, _, version = payload.decode().rpartition(":")
    if name not in MODELS:
        raise ValueError(f"there is no model named {name}: this worker has other code than its job")
    model = MODELS[name]
    if int(version) != model.version:
        raise _other_version(model, version)
    return ModelCoder(model)


def _other_version(model: Model, found: object) -> ValueError:
    return ValueError(
        f"{model.name} element of coder version {found}, expected {model.version}: drain "
        "the job and start it anew instead of updating it in place"
    )


beam.coders.Coder.register_urn(
    URN, None, lambda payload, components, context: _from_payload(payload)
)

for _model in MODELS.values():
    beam.coders.registry.register_coder(_model.cls, ModelCoder)
