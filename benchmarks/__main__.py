"""``python -m benchmarks``: see ``--help``."""

from __future__ import annotations

import argparse
import sys

from benchmarks import report
from benchmarks.peers import EARLIER, ON_REQUEST, PEERS
from benchmarks.runner import run
from benchmarks.workloads import members, workloads


def main() -> int:
    known = workloads()
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks",
        description="Time mygrad against its peers, one thread each, results verified first.",
    )
    parser.add_argument(
        "--only",
        nargs="+",
        metavar="NAME",
        default=list(known),
        help=f'workloads, families of them, or "nnet": {", ".join(known)}',
    )
    parser.add_argument("--peers", nargs="*", choices=list(PEERS))
    parser.add_argument("--backend", choices=("numpy", "cupy", "dpnp"), default="numpy")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument(
        "--mygrad2",
        metavar="PYTHON",
        help="an interpreter that has MyGrad 2 (default: $MYGRAD2_PYTHON, or .venv-mygrad2, "
        "which is made if need be)",
    )
    parser.add_argument(
        "--against", metavar="COMMIT", help="time an earlier commit of mygrad beside this checkout"
    )
    parser.add_argument("--save", action="store_true", help="write a file to benchmarks/results/")
    options = parser.parse_args()

    peers = options.peers
    if peers is None:
        peers = [name for name in PEERS if name not in ON_REQUEST]
    if options.against and EARLIER not in peers:
        peers.insert(0, EARLIER)
    names = list(dict.fromkeys(w for name in options.only for w in members(name)))
    unknown = [name for name in names if name not in known]
    if unknown:
        parser.error(f"there is no workload {', '.join(unknown)}")
    if options.rounds < 1:
        parser.error("--rounds has to be at least 1")
    chosen = [known[name] for name in names]
    outcome = run(
        chosen, peers, options.backend, options.rounds, options.mygrad2, options.against
    )
    print(report.tables(outcome, peers))
    print("\n" + report.notes(outcome))
    if options.save and not outcome.errors:
        path = report.save(outcome, chosen, peers, options.backend, options.rounds)
        print(f"\nsaved as {path.relative_to(report.RESULTS.parent.parent)}")
    for error in outcome.errors:
        print(f"error: {error}", file=sys.stderr)
    return 1 if outcome.errors else 0


if __name__ == "__main__":
    sys.exit(main())
