"""Declaration of the slide renderer."""

from transforms.engine_plugin import EnginePlugin

PLUGIN = EnginePlugin(package=__package__, engine=".slide_renderer:SlideRenderer")
