"""The Swift client, provider and simulated market, unchanged, against the node over the real VM.

Runs suites of the package's own tests with the node's URLs in the environment. They are run from the test bundle that
`swift build --build-tests` made, and not through `swift test`, whose lock would keep other suites waiting.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from world import program_path

HERE = Path(__file__).resolve().parent
BINARIES = Path(os.environ.get("CHAINFERENCE_BINARIES", HERE.parent.parent / ".build" / "debug"))
BUNDLE = BINARIES / "ChainferenceKitPackageTests.xctest"


@pytest.mark.parametrize(
    "suite, names",
    [
        # Without the URLs, as in the package's own tests, it runs against a LocalCluster.
        ("EitherNodeTests", ["Against either node"]),
        (
            "SimulatedMarketTests/realVM|RealVMFlowTests",
            ["A market of honest and dishonest traders", "Provider and client over the real VM"],
        ),
    ],
)
def test_swift_suites(suite: str, names: list[str]) -> None:
    if not BUNDLE.exists():
        pytest.skip("the package is not built: swift build --build-tests")
    command = [sys.executable, "-m", "node", "--program", str(program_path()), "--port", "0", "--fee", "250"]
    command += ["--slot-milliseconds", "40", "--finalize-after", "4"]
    with subprocess.Popen(command, cwd=HERE, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            places = dict(word.split("=", 1) for word in process.stdout.readline().split()[1:])
            environment = dict(os.environ, CHAINFERENCE_SVM_NODE=f"{places['rpc']} {places['pubsub']}")
            result = subprocess.run(
                [BUNDLE, "--testing-library", "swift-testing", "--no-parallel", "--filter", suite],
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
    # A suite that was not found or not enabled would pass as well.
    for name in names:
        assert f'Suite "{name}" passed' in report, report[-5_000:]
    assert "skipped" not in report, report[-5_000:]
    if suite == "EitherNodeTests":
        assert f"A node over LiteSVM at {places['rpc']}" in report, report[-5_000:]
    print("\n".join(line for line in report.splitlines() if line.startswith(("simulated market", "follow-up"))))
