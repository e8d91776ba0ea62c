"""The Swift RPC client, unchanged, against the node over the real VM.

Runs the suite EitherNodeTests with the node's URLs in the environment; without them, as in the package's own tests, the
same suite runs against a LocalCluster. Needs a debug build
(`swift build --build-tests`), which Scripts/test makes before it comes here.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from world import program_path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent


def test_swift_client() -> None:
    if not (ROOT / ".build" / "debug").exists():
        pytest.skip("the package is not built: swift build --build-tests")
    command = [sys.executable, "-m", "node", "--program", str(program_path()), "--port", "0"]
    command += ["--slot-milliseconds", "40", "--finalize-after", "4"]
    with subprocess.Popen(command, cwd=HERE, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            places = dict(word.split("=", 1) for word in process.stdout.readline().split()[1:])
            environment = dict(os.environ, CHAINFERENCE_SVM_NODE=f"{places['rpc']} {places['pubsub']}")
            result = subprocess.run(
                ["swift", "test", "--skip-build", "--filter", "EitherNodeTests"],
                cwd=ROOT,
                env=environment,
                capture_output=True,
                text=True,
                timeout=300,
                check=False,
            )
        finally:
            process.terminate()
    report = result.stdout + result.stderr
    assert result.returncode == 0, report[-5_000:]
    # A suite that was not found, or that ran against another node, would pass as well.
    assert 'Suite "Against either node" passed' in report, report[-5_000:]
    assert f"A node over LiteSVM at {places['rpc']}" in report, report[-5_000:]
