"""Plain code on two hosts, recorded in one true order: `@scene`."""

from labsupport.scenes.connected import connected
from labsupport.scenes.scene import scene

__all__ = ["connected", "scene"]
