"""Holds the values for Kubernetes to the chart itself, as `helm upgrade` will before it does anything.

    helm pull jupyterhub/jupyterhub --version 4.4.0 --untar
    python tools/values.py jupyterhub

CHART: the unpacked chart, or the folder of that name in a clone of zero-to-jupyterhub-k8s. It needs the extra
`images`. Says what is wrong and exits with 1, or says that nothing is.
"""

from __future__ import annotations

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VALUES = ("classroom/values.yaml", "classroom/private-network.yaml")


def merged(under: object, over: object) -> object:
    """What helm makes of two files: mappings key by key, anything else as the later one has it."""
    if not isinstance(under, dict) or not isinstance(over, dict):
        return over
    both = {name: merged(under[name], over[name]) for name in under.keys() & over.keys()}
    return {**under, **over, **both}


def faults(schema: dict, values: dict) -> list[str]:
    """What of `values` breaks the JSON schema, one line each."""
    import jsonschema

    found = jsonschema.validators.validator_for(schema)(schema).iter_errors(values)
    return sorted(
        f"{'.'.join(map(str, fault.absolute_path)) or 'top level'}: {fault.message}" for fault in found
    )


def load(path: Path) -> dict:
    import yaml

    return yaml.safe_load(path.read_text("utf-8"))  # JSON is YAML too


def main(arguments: list[str]) -> str | None:
    """None where all is well; else what to say on the way out."""
    if len(arguments) != 1:
        return __doc__
    chart = Path(arguments[0])
    schemas = [
        chart / f"values.schema.{kind}"
        for kind in ("json", "yaml")
        if (chart / f"values.schema.{kind}").exists()
    ]
    if not schemas or not (chart / "values.yaml").exists():
        return f"{chart} is no chart: it has no values.yaml beside a values.schema.json or .yaml."
    schema, values = load(schemas[0]), load(chart / "values.yaml")
    for name in VALUES:  # the second is given after the first, never alone
        values = merged(values, load(ROOT / name))
        wrong = faults(schema, values)
        if wrong:
            return "\n".join([f"{name} does not fit {chart}:", *wrong])
        print(f"{name} fits {chart}")
    return None


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
