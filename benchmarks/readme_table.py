"""What does `tfcold demo` find? Writes `results/demo.json` from the demo's report, and the README's table from that.

    python benchmarks/readme_table.py saved_models/demo/report/report.json
    python benchmarks/readme_table.py                # the README again, from results/demo.json

Run it where the demo ran: versions, machine and commit go into the file.
"""

from __future__ import annotations

import argparse
import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import pandas as pd
from common import RESULTS, write_results

from tfcold.demo import verdict
from tfcold.evaluation import markdown_table
from tfcold.files import written_aside

README: Final = Path(__file__).parents[1] / "README.md"
START: Final = "<!-- demo table -->"
END: Final = "<!-- /demo table -->"
PLACEHOLDER: Final = "*Run `tfcold demo`: it ends with this table.*"
_NUMBERS: Final = ("value", "low", "high", "difference", "difference_low", "difference_high", "p_value")
_METRICS: Final = ("ndcg", "recall")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("report", type=Path, nargs="?", help="report.json of a demo; none takes results/demo.json")
    parser.add_argument("--readme", type=Path, default=README, help="the file whose block is written")
    parser.add_argument("--results", type=Path, default=RESULTS / "demo.json", help="what was measured, kept")
    asked = parser.parse_args()
    if asked.report is not None:
        report = json.loads(asked.report.read_text(encoding="utf-8"))
        write_results("demo", figures_of(report), seed=report["evaluations"][0]["split"]["seed"], out=asked.results)
    results = json.loads(asked.results.read_text(encoding="utf-8"))
    text = with_block(asked.readme.read_text(encoding="utf-8"), block_of(results))
    with written_aside(asked.readme) as aside:
        aside.write_text(text, encoding="utf-8")
    print(block_of(results))


def figures_of(report: Mapping[str, Any]) -> dict[str, Any]:
    """What is kept of a report: aggregate figures of NDCG and Recall, and what they were measured on."""
    first = report["evaluations"][0]
    return {
        "baseline": report["baseline"],
        "split": first["split"],
        "interval": first["interval"],
        "comparison": [row for row in report["comparison"] if row["metric"] in _METRICS],
    }


def block_of(results: Mapping[str, Any]) -> str:
    """The lines between the markers: how it was made, the table, and in words who is ahead."""
    figures = results["figures"]
    table = pd.DataFrame(figures["comparison"])
    table[list(_NUMBERS)] = table[list(_NUMBERS)].astype(float)
    table.attrs = {"baseline": figures["baseline"], "confidence": figures["interval"]["confidence"]}
    versions, machine = results["versions"], results["machine"]
    made = (
        f"`tfcold demo --seed {results['seed']}` on MovieLens-100K, tfcold {versions['tfcold']}, TensorFlow "
        f"{versions['tensorflow']}, {machine['cores']} cores ({machine['cpu']}); "
        "figures in `benchmarks/results/demo.json`."
    )
    words = "\n".join(f"- {sentence}" for sentence in verdict(table))
    return f"{markdown_table(table)}\n\n{words}\n\n{made}"


def with_block(text: str, block: str) -> str:
    """The text with this block between the markers.

    Raises:
        SystemExit: the markers are not there, once each and in order.
    """
    pattern = re.compile(f"{re.escape(START)}.*?{re.escape(END)}", re.DOTALL)
    if len(pattern.findall(text)) != 1:
        raise SystemExit(f"the README must hold one block from {START} to {END}")
    return pattern.sub(lambda _: f"{START}\n\n{block}\n\n{END}", text)


if __name__ == "__main__":
    main()
