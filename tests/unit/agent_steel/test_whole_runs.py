"""One run with scripted replies: outcomes, rows, budgets, swarms, and kernels side by side."""

from __future__ import annotations

import itertools
import json
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest
from core_fakes import (
    SCRIPT,
    FakeJudge,
    ScriptedProvider,
    files,
    outcomes,
    plan,
    reply,
    search,
    source,
)
from rich.console import Console

from agent_steel import budget, evidence, loop
from agent_steel.attempt import Attempt
from agent_steel.budget import Spent
from agent_steel.database import AttemptDB
from agent_steel.events import Replied
from agent_steel.extras import Extras
from agent_steel.making_attempts import unified_diff
from agent_steel.plan import Seat
from agent_steel.providers import pricing
from agent_steel.providers.base import Ask, Completion, Failure, Message
from agent_steel.summary import summarise
from agent_steel.view import Board
from harness.errors import UserError
from harness.timing.blocks import CANDIDATE, Block


def history(run: loop.Run) -> AttemptDB:
    return AttemptDB(run.folders.history("relu", run.plan.chip))


def test_only_a_proved_gain_is_kept_and_every_try_is_a_row(tmp_path: Path) -> None:
    run = search(tmp_path)
    state = run.execute()
    assert outcomes(run) == [
        ("the start", "baseline"),
        ("vectorise", "kept"),
        ("unroll", "refused"),
        ("unroll right", "kept"),
        ("more threads", "slower"),
        ("", "unusable"),
        ("fewer barriers", "kept"),
        ("same time", "unclear"),
    ]
    assert state.gain == pytest.approx(2.0, rel=0.01)
    rows = history(run).read()
    assert rows == list(run.attempts.values())
    assert [one.parent for one in rows] == [
        None, "run1-0000", "run1-0001", "run1-0001", "run1-0003", "run1-0003", "run1-0003",
        "run1-0006",
    ]  # fmt: skip
    assert all(one.diff and one.source and one.feedback for one in rows if one.speedup)
    kept = [one for one in rows if one.outcome == "kept"]
    assert all(one.incumbent_ms and one.incumbent_ms > (one.kernel_ms or 0) for one in kept)
    assert sum(one.usd or 0 for one in rows) == pytest.approx(0.07)


def test_a_speedup_is_over_the_incumbent_in_the_same_run_not_over_a_stored_time(
    tmp_path: Path,
) -> None:
    """A machine that is twice as slow in a later run loses no candidate."""
    run = search(tmp_path, {"0001": reply("a", 0.9), "0002": reply("b", 0.8)}, max_rounds=2)
    run.execute()
    first, second = (one for one in run.attempts.values() if one.outcome == "kept")
    assert second.speedup == pytest.approx(0.9 / 0.8, rel=0.01)
    assert second.incumbent_ms == pytest.approx(first.kernel_ms, rel=0.01)


def test_rounds_without_a_gain_in_earlier_runs_do_not_count(tmp_path: Path) -> None:
    script = {f"{n:04d}": reply(f"slow {n}", 2.0 + n) for n in range(1, 4)}
    for name in ("one", "two"):
        run = search(tmp_path, script, run=name, max_no_improvement=3)
        state = run.execute()
        assert (state.rounds_done, state.stopped) == (3, "no_improvement")


def test_a_time_is_kept_with_all_its_digits(tmp_path: Path) -> None:
    run = search(tmp_path, {"0001": reply("a", 0.014512345)}, max_rounds=1)
    run.execute()
    kept = run.attempts["run1-0001"]
    stored = evidence.read(run.folder / "evaluations" / "0001.json").evaluation.samples
    assert stored is not None
    blocks = [Block.from_json(block) for block in stored.blocks]
    runs_ms = [ns / 1e6 for block in blocks for ns in block.runs_ns(CANDIDATE)]
    assert list(history(run).read()[1].samples_ms) == list(kept.samples_ms) == runs_ms


def test_a_machine_that_is_slower_than_its_history_starts(tmp_path: Path) -> None:
    search(tmp_path, {"0001": reply("fast", 0.1)}, run="one", max_rounds=1).execute()
    slow = search(
        tmp_path, {"0001": reply("less slow", 4.0)}, run="two", start=source(5.0), max_rounds=1
    )
    assert slow.execute().stopped == "rounds"
    assert [outcome for _, outcome in outcomes(slow)] == ["baseline", "kept"]


def test_what_timed_out_has_no_time_and_no_score(tmp_path: Path) -> None:
    run = search(tmp_path, {"0001": reply("spin", 0.1, "timeout")}, max_rounds=1, tries=1)
    state = run.execute()
    hung = run.attempts["run1-0001"]
    assert (hung.outcome, hung.kernel_ms, hung.speedup) == ("refused", None, None)
    assert state.gain == 1.0 and state.incumbent == "run1-0000"


def test_a_run_that_is_resumed_twice_at_once_is_carried_out_once(tmp_path: Path) -> None:
    judges = [FakeJudge(), FakeJudge()]
    runs = [search(tmp_path, judge=judge) for judge in judges]
    with ThreadPoolExecutor(2) as pool:
        states = list(pool.map(lambda run: run.execute(), runs))
    assert {state.stopped for state in states} == {"rounds"}
    assert sorted(len(judge.asked) for judge in judges) == [0, 7]
    assert len(history(runs[0]).read()) == 8


def test_a_budget_is_never_passed_by_more_than_one_call(tmp_path: Path) -> None:
    provider = ScriptedProvider(SCRIPT, usd=0.04)
    run = search(tmp_path, provider=provider, budget_usd=0.1)
    state = run.execute()
    assert state.stopped == "budget"
    assert state.spent.usd <= 0.1 + 0.04 and len(provider.asks) == 2


def test_a_call_without_a_price_ends_a_run_that_has_a_cap(tmp_path: Path) -> None:
    provider = ScriptedProvider(SCRIPT, usd=None)
    run = search(tmp_path, provider=provider, budget_usd=5.0)
    assert run.execute().stopped == "budget"
    assert len(provider.asks) == 1
    assert summarise(run._events).usd is None


def test_an_estimate_spans_first_tries_and_all_retries_and_respects_the_cap() -> None:
    known = budget.estimate(plan(max_rounds=4, tries=3, call_usd=0.1))
    assert (known.least_calls, known.most_calls) == (4, 12)
    assert known.least_usd == pytest.approx(0.4) and known.most_usd == pytest.approx(1.2)
    capped = budget.estimate(plan(max_rounds=4, tries=3, call_usd=0.1, budget_usd=0.5))
    assert capped.most_usd == 0.5


def test_half_and_four_fifths_of_a_cap_are_told_once() -> None:
    capped = plan(budget_usd=1.0)
    steps = [0.0, 0.4, 0.6, 0.7, 0.9, 0.95]
    pairs = itertools.pairwise(steps)
    told = [budget.warning(capped, Spent(usd=a), Spent(usd=b)) for a, b in pairs]
    assert [text[:3] for text in told] == ["", "50%", "", "80%", ""]


def test_a_swarm_shows_no_seat_what_another_did_in_the_same_round(tmp_path: Path) -> None:
    seats = (Seat(proposer="a"), Seat(proposer="b", contexts=("cuda",)), Seat(proposer="c"))
    script = {"0001": reply("one", 0.9), "0002": reply("two", 0.5), "0003": reply("three", 0.7)}
    provider = ScriptedProvider(script)
    run = search(
        tmp_path, provider=provider, seats=seats, strategy="swarm", max_rounds=1,
        extras=Extras({"cuda": "__global__ void f();"}),
    )  # fmt: skip
    state = run.execute()
    asked = sorted(provider.asks, key=lambda ask: ask.call_id)
    shown = [json.loads(ask.messages[0].content) for ask in asked]
    assert {one["parent"] for one in shown} == {run.plan.start}
    assert {one["incumbent"] for one in shown} == {run.plan.start}
    assert [[row[0] for row in one["history"]] for one in shown] == [["run1-0000"]] * 3
    assert [bool(one["extras"]) for one in shown] == [False, True, False]
    assert run.attempts[state.incumbent].technique == "two"
    assert state.gain == pytest.approx(2.0, rel=0.02)


def test_the_seats_of_a_swarm_are_asked_at_the_same_time_and_nothing_depends_on_who_is_first(
    tmp_path: Path,
) -> None:
    """Each waits for all; then they answer in every order, and every byte is the same."""
    seats = tuple(Seat(proposer=name) for name in "abc")
    script = {
        "0001": reply("one", 0.9, "wrong_values"), "0002": reply("two", 0.5),
        "0003": reply("three", 0.7, "data_race"), "0004": reply("four", 0.8),
        "0005": reply("five", 0.4), "0006": reply("six", 2.0), "0007": "none\nat all",
        "0008": reply("eight", 0.3), "0009": reply("nine", 2.5),
    }  # fmt: skip
    found = []
    for order in ([0, 1, 2], [2, 1, 0], [1, 2, 0]):
        provider = Together(script, order=order)
        root = tmp_path / "".join(map(str, order))
        run = search(
            root, provider=provider, seats=seats, strategy="swarm", max_rounds=2, tries=2,
            clock=Still(),
        )  # fmt: skip
        run.execute()
        assert provider.most == 3
        found.append(files(root))
    assert found[0] == found[1] == found[2]
    ids = [one.call_id for one in run._events if isinstance(one, Replied)]
    assert ids == sorted(ids)
    assert [one.technique for one in run.attempts.values() if one.kept] == [
        "the start", "two", "five", "eight"
    ]  # fmt: skip


class Still:
    """A clock that stands."""

    def stamp(self, key: str) -> tuple[str, float]:
        return "2026-01-01T00:00:00+00:00", 1.0


class Together(ScriptedProvider):
    """Answers the first try of a round once all three seats have asked, in a given order."""

    def __init__(self, script: dict[str, str], order: list[int]) -> None:
        super().__init__(script)
        self.order, self.waiting, self.most = order, 0, 0
        self.gate = threading.Condition()
        self.turn = 0

    def complete(self, ask: Ask) -> Completion | Failure:
        first_of_round = ask.call_id in ("0001", "0002", "0003")
        if not first_of_round:
            return super().complete(ask)
        with self.gate:
            self.waiting += 1
            self.most = max(self.most, self.waiting)
            self.gate.notify_all()
            mine = self.order.index(int(ask.call_id) - 1)
            arrived = self.gate.wait_for(
                lambda: self.waiting == 3 and self.turn == mine, timeout=20
            )
            assert arrived, "the seats were not asked at the same time"
            self.turn += 1
            self.gate.notify_all()
            return super().complete(ask)


def test_a_cap_is_kept_by_seats_that_are_asked_at_the_same_time(tmp_path: Path) -> None:
    """Every call costs all that was reserved for it: the worst that can happen."""
    model = "claude-haiku-4-5"
    price = pricing.price_of(model)
    assert price is not None

    class Dear(ScriptedProvider):
        def complete(self, ask: Ask) -> Completion | Failure:
            tokens = pricing.Tokens(pricing.most_input_tokens(ask), ask.max_tokens)
            answer = super().complete(ask)
            assert isinstance(answer, Completion)
            return replace(answer, usage=pricing.usage(price, tokens))

    script = {f"{n:04d}": reply(f"t{n}", 1.0 + n) for n in range(1, 40)}
    seats = (Seat(proposer=f"anthropic/{model}"),) * 1 + tuple(
        Seat(proposer=f"anthropic/{model}", contexts=(name,)) for name in "bc"
    )
    for cap in (0.1, 0.3, 1.0):
        provider = Dear(script)
        run = search(
            tmp_path / str(cap), provider=provider, seats=seats, strategy="swarm", max_rounds=9,
            budget_usd=cap, call_usd=0.01,
        )  # fmt: skip
        state = run.execute()
        assert 0 < state.spent.usd <= cap
        assert min(ask.max_tokens for ask in provider.asks) >= budget.LEAST_TOKENS


def test_what_a_call_may_cost_is_reserved_before_it_is_made() -> None:
    price = pricing.price_of("claude-haiku-4-5")
    ask = Ask("1", [Message("user", "x" * 8000)], max_tokens=32_000)
    whole = budget.affordable(ask, 10.0, price, 0.0)
    assert whole == ask
    some = budget.affordable(ask, 0.05, price, 0.0)
    assert some is not None and budget.LEAST_TOKENS <= some.max_tokens < 32_000
    most = pricing.usd(price, pricing.Tokens(pricing.most_input_tokens(ask), some.max_tokens))
    assert most is not None and most <= 0.05
    assert budget.affordable(ask, 0.02, price, 0.0) is None
    assert budget.affordable(ask, 0.02, pricing.FREE, 0.0) == ask
    assert budget.affordable(ask, 0.02, None, 0.03) is None, "the dearest so far"
    assert budget.affordable(ask, 0.02, None, 0.01) == ask


def test_what_was_tried_at_another_size_is_not_shown(tmp_path: Path) -> None:
    other = search(
        tmp_path, {"0001": reply("for large", 0.9)}, run="one", size="large", max_rounds=1
    )
    other.execute()
    provider = ScriptedProvider({"0001": reply("first here", 0.9)})
    search(tmp_path, provider=provider, run="two", max_rounds=1).execute()
    later = ScriptedProvider({"0001": reply("second here", 0.8)})
    search(tmp_path, provider=later, run="three", max_rounds=1).execute()
    shown = [json.loads(p.asks[0].messages[0].content)["history"] for p in (provider, later)]
    assert [[row[0] for row in rows] for rows in shown] == [
        ["two-0000"], ["two-0000", "two-0001", "three-0000"]
    ]  # fmt: skip


def test_one_plus_one_tells_when_it_circles_below_its_best(tmp_path: Path) -> None:
    script = {f"{n:04d}": reply(f"t{n}", 1.0 + n / 100) for n in range(1, 6)}
    provider = ScriptedProvider(script)
    run = search(tmp_path, provider=provider, strategy="one-plus-one", max_rounds=5)
    run.execute()
    shown = [json.loads(ask.messages[0].content)["stagnant"] for ask in provider.asks]
    assert shown == [False, False, False, True, True]


def test_the_same_source_twice_is_not_measured_again(tmp_path: Path) -> None:
    script = {"0001": reply("a", 0.9), "0002": reply("a", 0.9), "0003": reply("b", 0.8)}
    judge = FakeJudge()
    run = search(tmp_path, script, judge=judge, max_rounds=2)
    run.execute()
    assert judge.asked == [0, 1, 3]
    assert run.attempts["run1-0002"].reason.startswith("duplicate: the source of run1-0001")


def test_a_stop_ends_after_the_step_and_can_be_resumed(tmp_path: Path) -> None:
    run = search(tmp_path)
    judge = FakeJudge(before=lambda: run.stop.set() if len(run.attempts) == 3 else None)
    run.judge = judge
    assert run.execute().stopped == "signal"
    assert len(run.attempts) == 4
    again = search(tmp_path)
    assert again.execute().stopped == "rounds"
    assert len(again.attempts) == 8 and again.state.gain == pytest.approx(2.0, rel=0.01)


def test_a_candidate_that_was_edited_on_disk_is_refused(tmp_path: Path) -> None:
    run = search(tmp_path)
    path = run.folder / "candidates" / "0001.metal"

    def edit() -> None:
        raise KeyboardInterrupt

    run.judge = FakeJudge(before=lambda: edit() if run.attempts else None)
    with pytest.raises(KeyboardInterrupt):
        run.execute()
    path.write_text("kernel void other() {}", "utf-8")
    with pytest.raises(UserError, match="changed after it was proposed"):
        search(tmp_path).execute()


def test_kernels_side_by_side_do_not_disturb_each_other(tmp_path: Path) -> None:
    alone = search(tmp_path / "alone", run="left")
    alone.execute()
    met = threading.Barrier(2, timeout=20)
    judges = [FakeJudge(before=met.wait) for _ in range(2)]
    runs = [
        search(tmp_path / "both", run=name, judge=judge, known=[])
        for name, judge in zip(("left", "right"), judges, strict=True)
    ]
    with open("/dev/null", "w") as nowhere:
        loop.search(runs, 2, Board(Console(file=nowhere)))
    for run in runs:
        assert outcomes(run) == outcomes(alone)
        assert {one.run for one in run.attempts.values()} == {run.plan.run}
    one, two = (files(r.folder, skip=["log.jsonl", "summary.json", "plan.json"]) for r in runs)
    assert {n for n in one if n.startswith("cand")} == {n for n in two if n.startswith("cand")}
    assert len(history(runs[0]).read()) == 16


def rows(*outcomes_of: tuple[str, str, float | None, str | None]) -> list[Attempt]:
    return [
        Attempt(
            id=f"r-{n}", run="r", ordinal=n, timestamp="t", kernel="relu", chip="c", device="cpu",
            objective="cpu", size="published", strategy="greedy", proposer="p", parent=parent,
            generation=0, technique=technique, source=f"s{n}", source_sha256=f"{n}", diff="",
            outcome=outcome, status="passed", kernel_ms=ms,
        )  # type: ignore[arg-type]
        for n, (technique, outcome, ms, parent) in enumerate(outcomes_of)
    ]  # fmt: skip


def test_queries_of_the_history(tmp_path: Path) -> None:
    database = AttemptDB(tmp_path / "history" / "relu__c.jsonl")
    made = rows(
        ("start", "baseline", 1.0, None),
        ("tile", "refused", None, "r-0"),
        ("vector", "kept", 0.5, "r-0"),
        ("unroll", "slower", 0.4, "r-2"),
        ("tile", "slower", 0.9, "r-2"),
        ("", "unusable", None, "r-2"),
    )
    assert [database.add(one) for one in made] == [True] * 6
    assert not database.add(made[2]), "an id is there once"
    large = made[2].model_copy(update={"id": "l-1", "size": "large", "kernel_ms": 0.1})
    assert database.add(large)
    assert database.best() == made[2] and database.best(size="large") == large
    assert [one.id for one in database.top_n_by_time(2)] == ["r-3", "r-2"]
    assert [one.id for one in database.top_n_by_time(9, kept_only=True)] == ["r-2", "r-0"]
    assert database.techniques_tried() == ["tile", "vector", "unroll"]
    assert database.failed_techniques() == ["tile", "unroll"]
    assert [one.id for one in database.lineage("r-4")] == ["r-0", "r-2", "r-4"]
    with pytest.raises(UserError, match="no Attempt"):
        database.lineage("r-9")


def test_a_history_drops_nothing_silently(tmp_path: Path) -> None:
    database = AttemptDB(tmp_path / "relu__c.jsonl")
    made = rows(("start", "baseline", 1.0, None), ("a", "kept", 0.5, "r-0"))
    database.add(made[0])
    with database.path.open("a") as file:
        file.write('{"id": "torn')
    assert database.read() == made[:1], "a line that a kill tore was never written"
    database.add(made[1])
    assert database.read() == made
    good = database.path.read_text("utf-8")
    for bad in ('{"id": 1}\n', "nonsense\n", good.replace('"run"', '"ran"', 1)):
        database.path.write_text(good + bad, "utf-8")
        with pytest.raises(UserError, match="not an Attempt"):
            database.read()
    newer = good.splitlines()[0].replace('"schema_version": 1', '"schema_version": 99')
    database.path.write_text(newer + "\n", "utf-8")
    with pytest.raises(UserError, match="newer"):
        database.read()


def test_a_diff_of_texts_without_a_last_newline_is_a_diff() -> None:
    assert unified_diff("a\nb", "a\nc").splitlines()[-2:] == ["-b", "+c"]
