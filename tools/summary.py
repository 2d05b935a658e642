"""Add up the reports of the test runs: one line for each reason to skip, then one line of counts.

python tools/summary.py FOLDER   reads the JUnit XML files that pytest wrote there
"""

import sys
import xml.etree.ElementTree as ET
from collections import Counter
from pathlib import Path


def read(report: Path) -> tuple[Counter[str], Counter[str]]:
    """Outcomes and reasons of one report."""
    outcomes: Counter[str] = Counter()
    reasons: Counter[str] = Counter()
    for case in ET.parse(report).getroot().iter("testcase"):
        skipped = case.find("skipped")
        if case.find("failure") is not None or case.find("error") is not None:
            outcomes["failed"] += 1
        elif skipped is None or skipped.get("type") == "pytest.xfail":
            outcomes["passed"] += 1
        else:
            outcomes["skipped"] += 1
            reasons[skipped.get("message") or "no reason given"] += 1
    return outcomes, reasons


def main(folder: str) -> int:
    """Print the sum over all reports in folder; fail when a test failed or none ran."""
    outcomes: Counter[str] = Counter()
    reasons: Counter[str] = Counter()
    for report in sorted(Path(folder).glob("*.xml")):
        for total, part in zip((outcomes, reasons), read(report), strict=True):
            total.update(part)
    for reason, count in sorted(reasons.items()):
        print(f"skipped {count}: {reason}")
    print(
        f"{outcomes['passed']} passed, {outcomes['failed']} failed, {outcomes['skipped']} skipped"
    )
    return 0 if outcomes["passed"] and not outcomes["failed"] else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
