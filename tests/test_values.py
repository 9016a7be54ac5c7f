"""The class's values for Kubernetes: every key is one that the chart has, and says what the course needs."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import values
import yaml

ROOT = Path(__file__).resolve().parent.parent
CLASS, PRIVATE = (yaml.safe_load((ROOT / name).read_text("utf-8")) for name in values.VALUES)
BOTH = values.merged(CLASS, PRIVATE)

# Of the keys that the chart's values.schema.yaml has, those that are used, and of which type they are there.
# What is below hub.config is the hub's own configuration: KubeSpawner 7.0, JupyterHub 5.5.
CHART = "4.4.0"
KEYS = {
    "singleuser.image.name": str,
    "singleuser.image.tag": str,
    "singleuser.cmd": list,
    "singleuser.memory.guarantee": str,
    "singleuser.memory.limit": str,
    "singleuser.cpu.guarantee": float,
    "singleuser.cpu.limit": int,
    "singleuser.storage.capacity": str,
    "singleuser.networkPolicy.egressAllowRules.nonPrivateIPs": bool,
    "singleuser.networkPolicy.egress": list,
    "singleuser.networkPolicy.ingress": list,
    "hub.config.JupyterHub.authenticator_class": str,
    "hub.config.Authenticator.admin_users": list,
    "hub.config.Authenticator.allow_all": bool,
    "hub.extraConfig.pages": str,
    "proxy.https.enabled": bool,
    "cull.enabled": bool,
    "cull.timeout": int,
    "cull.every": int,
    "prePuller.hook.enabled": bool,
    "prePuller.continuous.enabled": bool,
}
PRIVATE_KEYS = {
    "singleuser.extraResource.limits.squat.ai/tun": str,
    "singleuser.extraResource.guarantees.squat.ai/tun": str,
    "singleuser.extraPodConfig.hostUsers": bool,
    "hub.config.KubeSpawner.container_security_context.seccompProfile.type": str,
    "hub.config.KubeSpawner.container_security_context.procMount": str,
}


def leaves(values, path=()):
    """Each dotted path of `values` that ends in something else than a mapping, and of which type that is."""
    if not isinstance(values, dict):
        return {".".join(path): type(values)}
    return {name: kind for key, value in values.items() for name, kind in leaves(value, (*path, key)).items()}


@pytest.mark.parametrize("given, known", [(CLASS, KEYS), (PRIVATE, PRIVATE_KEYS)], ids=["class", "private"])
def test_each_key_is_one_of_the_charts(given, known):
    assert leaves(given) == known


def test_the_files_name_the_version_of_the_chart_that_they_were_held_to():
    text = (ROOT / values.VALUES[0]).read_text("utf-8")
    assert set(re.findall(r"(?:chart|--version) (\d+\.\d+\.\d+)", text)) == {CHART}


def test_the_learners_start_is_a_command_that_is_there():
    python, script, command = CLASS["singleuser"]["cmd"]
    text = (ROOT / values.VALUES[0]).read_text("utf-8")
    assert f"--target-repo-dir {Path(script).parent} " in text and (ROOT / Path(script).name).exists()
    assert (python, command) == ("python", "hub")


def test_nothing_but_the_hubs_proxy_reaches_jupyterlab_in_a_pod():
    for rule in CLASS["singleuser"]["networkPolicy"]["ingress"]:
        assert rule["from"] and rule["ports"]
        for ports in rule["ports"]:
            assert not ports["port"] <= 8888 <= ports.get("endPort", ports["port"])


def test_the_private_network_is_asked_for_in_its_own_file_alone():
    assert not re.search(r"seccompProfile|squat\.ai|hostUsers|procMount", yaml.safe_dump(CLASS))
    assert BOTH["singleuser"]["memory"] == CLASS["singleuser"]["memory"]
    assert BOTH["singleuser"]["extraResource"] == PRIVATE["singleuser"]["extraResource"]
    assert BOTH["hub"]["config"].keys() == {"JupyterHub", "Authenticator", "KubeSpawner"}
    limits, guarantees = (BOTH["singleuser"]["extraResource"][name] for name in ("limits", "guarantees"))
    assert limits == guarantees  # Kubernetes does not let a device be asked for more than it is given


# ---- The tool --------------------------------------------------------------------------------------------

SCHEMA = """
$schema: http://json-schema.org/draft-07/schema#
type: object
additionalProperties: false
properties:
  singleuser:
    type: object
    properties:
      cmd: {type: [array, "null"]}
  hub: {type: object}
  proxy: {type: object}
  cull:
    type: object
    additionalProperties: false
    properties: {enabled: {type: boolean}, timeout: {type: integer}, every: {}}
  prePuller: {type: object}
"""


def chart(folder, schema):
    (folder / "values.schema.yaml").write_text(schema)
    (folder / "values.yaml").write_text("singleuser: {cmd: jupyterhub-singleuser}\n")
    return [str(folder)]


def test_the_tool_lays_our_values_over_the_charts_own(tmp_path, capsys):
    pytest.importorskip("jsonschema", reason="needs the extra `images`")
    assert values.main(chart(tmp_path, SCHEMA)) is None
    assert [line.split()[0] for line in capsys.readouterr().out.splitlines()] == list(values.VALUES)


def test_the_tool_says_which_key_the_chart_does_not_have(tmp_path):
    pytest.importorskip("jsonschema", reason="needs the extra `images`")
    said = values.main(chart(tmp_path, SCHEMA.replace("every: {}", "other: {}")))
    assert "cull: Additional properties are not allowed ('every' was unexpected)" in said


def test_the_tool_says_when_it_is_given_something_else(tmp_path):
    assert "is no chart" in values.main([str(tmp_path)])
    assert "python tools/values.py" in values.main([])
