"""Plain code on two hosts, recorded in one true order: `@scene`."""

from labsupport.scenes.scene import scene

__all__ = ["scene"]
