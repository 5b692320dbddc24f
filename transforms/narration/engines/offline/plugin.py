"""Declaration of the offline voice."""

from transforms.engine_plugin import EnginePlugin

PLUGIN = EnginePlugin(
    package=__package__,
    engine=".offline_voice:OfflineVoice",
    modules=("hibari", "onnxruntime"),
    extra="local",
    isolated=True,  # native code
)
