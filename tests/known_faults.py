"""Known faults in what is installed, by OSV (https://google.github.io/osv.dev/post-v1-querybatch/), for `make check`.

Ends with 1 where a package has one, and with 0 where nothing could be asked: a machine without a way out is no fault.
"""

from __future__ import annotations

import sys
from importlib.metadata import distributions

import requests

OSV = "https://api.osv.dev/v1/querybatch"
TIMEOUT_S = 10


def installed() -> list[tuple[str, str]]:
    """Each package of this virtual environment, with its version."""
    return sorted({(one.metadata["Name"], one.version) for one in distributions()})


def found(packages: list[tuple[str, str]], url: str = OSV) -> list[str]:
    """Each package that has known faults, with their ids. Raises RequestException and ValueError: nothing is known."""
    queries = [{"package": {"name": name, "ecosystem": "PyPI"}, "version": version} for name, version in packages]
    answer = requests.post(url, json={"queries": queries}, timeout=TIMEOUT_S)
    answer.raise_for_status()
    results = answer.json()["results"]
    if len(results) != len(packages):
        raise ValueError("it does not answer for each package")
    told = zip(packages, results, strict=True)
    return [
        f"{name} {version}: {', '.join(fault['id'] for fault in result['vulns'])}"
        for (name, version), result in told
        if result.get("vulns")
    ]


def main(url: str = OSV) -> int:
    packages = installed()
    try:
        faults = found(packages, url)
    except (requests.RequestException, ValueError, LookupError, TypeError) as error:
        print(f"Packages were not compared with known faults: {type(error).__name__}.")
        return 0
    print("\n".join(faults) or f"No known fault in {len(packages)} packages.")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
