"""Verify, then time: every peer's results against the reference, then rounds that interleave."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

import numpy as np

from benchmarks.peers import (
    CHECKOUT,
    EARLIER,
    OURS,
    REFERENCE,
    Missing,
    Peer,
    PeerFailed,
    earlier_checkout,
    mygrad2_interpreter,
)
from benchmarks.workloads import Workload

ROUND = 0.03  # seconds that a round of one peer takes, if a step does not take longer
BUDGET = 5.0  # seconds for all rounds of a peer in a workload; slower ones get fewer rounds
WRONG = "wrong"  # in place of a reason; the errors tell more


@dataclass
class Timing:
    """The rounds of a peer in a workload: seconds a step."""

    repetitions: int
    limit: int
    rounds: list[float] = field(default_factory=list)
    processor: list[float] = field(default_factory=list)

    @property
    def seconds(self) -> float:
        return median(self.rounds)


@dataclass
class Outcome:
    """All that came out of a run.

    Attributes
    ----------
    versions
        What each peer's worker said about itself.
    missing
        Why peers could not be started.
    timings, absent
        By workload and peer: how long it took, or why there is no such program.
    errors
        Sentences that name a workload and a peer: wrong results, exceptions.
    remarks
        Sentences about how times were measured.
    """

    versions: dict[str, dict[str, str]] = field(default_factory=dict)
    missing: dict[str, str] = field(default_factory=dict)
    timings: dict[str, dict[str, Timing]] = field(default_factory=dict)
    absent: dict[str, dict[str, str]] = field(default_factory=dict)
    errors: list[str] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)


def run(
    chosen: Iterable[Workload],
    names: list[str],
    backend: str,
    rounds: int,
    mygrad2: str | None,
    against: str | None = None,
) -> Outcome:
    """Time workloads with ours, an earlier commit of it, and the named peers."""
    outcome = Outcome()
    with TemporaryDirectory() as folder:
        peers: dict[str, Peer] = {}
        try:
            for name in dict.fromkeys([OURS, REFERENCE, *names]):
                try:
                    python = mygrad2_interpreter(mygrad2) if name == "mygrad2" else sys.executable
                    checkout = CHECKOUT
                    if name == EARLIER:
                        checkout = earlier_checkout(against or "HEAD", Path(folder))
                    peers[name] = Peer(name, python, backend, Path(folder), checkout)
                    outcome.versions[name] = peers[name].about
                except Missing as reason:
                    outcome.missing[name] = str(reason)
            for name in (OURS, REFERENCE):
                if name in outcome.missing:
                    outcome.errors.append(f"{name} cannot be started: {outcome.missing[name]}")
                    return outcome
            for workload in chosen:
                print(workload.name, end=" ", file=sys.stderr, flush=True)
                _measure(workload, peers, names, rounds, outcome)
            print(file=sys.stderr)
        finally:
            for peer in peers.values():
                peer.close()
    return outcome


def _measure(
    workload: Workload, peers: dict[str, Peer], names: list[str], rounds: int, outcome: Outcome
) -> None:
    timings = outcome.timings.setdefault(workload.name, {})
    absent = outcome.absent.setdefault(workload.name, {})

    def failed(name: str, *errors: object) -> None:
        outcome.errors.extend(f"{workload.name}, {name}: {error}" for error in errors)
        absent[name] = WRONG
        timings.pop(name, None)

    try:
        peers[REFERENCE].ask("prepare", workload=workload.name, double=True)
        expected = _load(peers[REFERENCE])
    except PeerFailed as error:
        failed(REFERENCE, error)
        return

    verified = {}
    for name in dict.fromkeys([OURS, *names]):
        if name in outcome.missing:
            continue
        program = workload.program(name)
        if isinstance(program, str):
            absent[name] = program
            continue
        try:
            reply = peers[name].ask("prepare", workload=workload.name)
            if "absent" in reply:
                absent[name] = reply["absent"]
                continue
            results = _load(peers[name])
        except PeerFailed as error:
            failed(name, error)
            continue
        if wrong := _differences(workload, results, expected):
            failed(name, *wrong)
            continue
        verified[name] = reply["seconds"]
        found = {result.dtype.name for result in results}
        if found != {_precision(workload)}:
            outcome.remarks.append(f"{workload.name}, {name}: returns {', '.join(sorted(found))}")

    for name, seconds in verified.items():
        try:
            repetitions = 1
            if seconds < ROUND:
                repetitions = peers[name].ask("calibrate", seconds=ROUND)["repetitions"]
            timings[name] = Timing(repetitions, max(1, min(rounds, int(BUDGET / seconds))))
        except PeerFailed as error:
            failed(name, error)
    for i in range(rounds):
        for name, timing in list(timings.items()):
            if i >= timing.limit:
                continue
            try:
                reply = peers[name].ask("round", repetitions=timing.repetitions)
            except PeerFailed as error:
                failed(name, error)
                continue
            timing.rounds.append(reply["seconds"])
            timing.processor.append(reply["processor"])
    for name in timings:
        peers[name].ask("drop")

    for name, timing in timings.items():
        if timing.limit < rounds:
            outcome.remarks.append(f"{workload.name}, {name}: {timing.limit} of {rounds} rounds")
        if median(timing.processor) > 1.2:
            outcome.remarks.append(f"{workload.name}, {name}: used more than one thread")


def _precision(workload: Workload) -> str:
    return next(a.dtype.name for a in workload.arrays().values() if a.dtype.kind == "f")


def _load(peer: Peer) -> list[np.ndarray]:
    with np.load(peer.results) as archive:
        results = [archive[name] for name in archive.files]
    peer.results.unlink()
    return results


def _differences(
    workload: Workload, results: list[np.ndarray], expected: list[np.ndarray]
) -> list[str]:
    """How results differ from the reference; those of two steps, one after the other."""
    if len(results) != len(expected):
        return [f"returned {len(results)} results in two steps, not {len(expected)}"]
    wrong = []
    labels = [f"{name} of step {step}" for step in (1, 2) for name in workload.outputs]
    for label, result, reference in zip(labels, results, expected, strict=True):
        if result.shape != reference.shape:
            wrong.append(f"{label} has shape {result.shape}, not {reference.shape}")
            continue
        scale = max(float(np.abs(reference).max()), np.finfo(float).tiny)
        error = float(np.abs(result - reference).max()) / scale
        if not error <= workload.tolerance:  # nan is wrong too
            wrong.append(f"{label} is off by {error:.1e}, more than {workload.tolerance:.0e}")
    return wrong
