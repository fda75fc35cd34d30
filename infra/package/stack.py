"""The CloudFormation template: what Chalice makes of `app.py`, with `infra/template` merged into it for one stage."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from email.utils import parseaddr
from pathlib import Path
from typing import Any

from infra import template
from infra.package.libraries import ROOT, PackagingError

PROD = "prod"
_EXCEPTIONS = ROOT / "infra" / "exceptions.json"
_IMPORTING = {
    "PYTHONDONTWRITEBYTECODE": "1",
    "AWS_DEFAULT_REGION": "us-east-1",
    "GATEHOUSE_TABLE": "packaging",
    "GATEHOUSE_KMS_KEY": "packaging",
    # Other settings come from `.chalice/config.json`, so that one that is wrong fails here and not in Lambda.
}
"""Chalice imports the app, which needs what only the stack will know."""


def variables(stage: str) -> dict[str, str]:
    """Give the environment variables that `.chalice/config.json` has for a stage."""
    config = json.loads((ROOT / ".chalice" / "config.json").read_text("utf-8"))
    if stage not in config["stages"]:
        raise PackagingError(f"There is no stage {stage!r} in .chalice/config.json.")
    found: dict[str, str] = config["stages"][stage]["environment_variables"]
    return found


def chalice(stage: str, folder: Path) -> dict[str, Any]:
    """Have Chalice package the app without libraries into a folder, and give the template it makes."""
    project, merged = folder / "project", folder / "merged.json"
    project.mkdir()
    for name in ("app.py", "chalicelib", ".chalice"):
        source = ROOT / name
        ignored = shutil.ignore_patterns("__pycache__", "deployments", "deployed", "venv")
        shutil.copytree(source, project / name, ignore=ignored) if source.is_dir() else shutil.copy(source, project)
    (project / "requirements.txt").touch()
    merged.write_text(json.dumps(for_stage(template.read(), stage)), "utf-8")
    command = [sys.executable, "-c", "from chalice.cli import main; main()", "package", "--template-format", "json"]
    finished = subprocess.run(  # noqa: S603 - our own arguments
        [*command, "--stage", stage, "--merge-template", str(merged), str(folder / "chalice")],
        cwd=project,
        env={"PATH": os.environ["PATH"], "HOME": str(folder), "PYTHONPATH": os.pathsep.join(sys.path), **_IMPORTING},
        capture_output=True,
        text=True,
        check=False,
    )
    if finished.returncode:
        raise PackagingError(f"Chalice could not package the app:\n{finished.stdout}{finished.stderr}")
    made: dict[str, Any] = json.loads((folder / "chalice" / "sam.json").read_text("utf-8"))
    return with_exceptions(made)


def for_stage(whole: dict[str, Any], stage: str) -> dict[str, Any]:
    """Fill in what the stage's settings decide. Only `prod` keeps its data when the stack is deleted."""
    settings = variables(stage)
    parameters, resources = whole["Parameters"], whole["Resources"]
    address = parseaddr(settings.get("GATEHOUSE_MAIL_FROM", ""))[1]
    parameters["BaseDomain"]["Default"] = settings["GATEHOUSE_BASE_DOMAIN"].lower().partition(":")[0]
    parameters["MailAddress"]["Default"], parameters["MailDomain"]["Default"] = address, address.rpartition("@")[2]
    resources["Table"]["Properties"]["DeletionProtectionEnabled"] = stage == PROD
    if stage != PROD:
        for resource in resources.values():
            resource.update({name: "Delete" for name in ("DeletionPolicy", "UpdateReplacePolicy") if name in resource})
    dashboard = resources["Dashboard"]["Properties"]["DashboardBody"]
    dashboard["Fn::Sub"] = json.dumps(dashboard["Fn::Sub"])
    return whole


def with_exceptions(made: dict[str, Any]) -> dict[str, Any]:
    """Tell checkov, at each resource, which of its checks are not kept, and why."""
    exceptions = json.loads(_EXCEPTIONS.read_text("utf-8"))
    for resource in made["Resources"].values():
        known = exceptions.get(resource["Type"])
        if known:
            skipped = [{"id": check, "comment": reason} for check, reason in known.items()]
            resource["Metadata"] = {"checkov": {"skip": skipped}}
    return made
