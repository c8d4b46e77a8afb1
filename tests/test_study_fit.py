"""What votes say: strengths, intervals and ranks that hold the truth, metrics that predict them."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

import choix
import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.optimize import minimize
from study_votes import Chooser, at_random, by_quality, write_ballots
from synthetic_run import LPIPS, SyntheticPictures, synthetic_run

from inpaintbench.errors import BenchError
from inpaintbench.report.summary import Summary
from inpaintbench.site.building import write_site
from inpaintbench.statistics.choices import Choices, davidson, strengths, unanimity
from inpaintbench.storage.rows import RunRows
from inpaintbench.study.agreement import compare_with_metrics, kendall_tau, read_agreement
from inpaintbench.study.key import Look, PairKind, StudyKey
from inpaintbench.study.making import draw_study, read_field, write_study
from inpaintbench.study.proposal import propose
from inpaintbench.study.results import fit, read_fit, write_fit
from inpaintbench.study.tables import caption, notes, strength_table
from inpaintbench.study.votes import Collected, collect
from inpaintbench.study.writing import write_predictions, write_results

Floats = NDArray[np.float64]


def choices(rows: list[tuple[int, int, int]]) -> Choices:
    """Arrange (first, second, outcome), every vote of a rater and image of its own."""
    table = np.array(rows)
    return Choices(*table.T, np.arange(len(table)), np.arange(len(table)))


@pytest.mark.parametrize("methods", [2, 3, 8, 15])
def test_strengths_without_ties_are_those_of_choix(methods: int) -> None:
    random = np.random.default_rng(methods)
    truth = random.normal(size=methods)
    shown = [random.choice(methods, 2, replace=False) for _ in range(60 * methods)]
    wins = [(a, b) if random.random() < 1 / (1 + np.exp(truth[b] - truth[a])) else (b, a)
            for a, b in shown]  # fmt: skip
    # the winner stands first or second
    rows = [(a, b, 1) if i % 2 else (b, a, -1) for i, (a, b) in enumerate(wins)]
    found = davidson(choices(rows).counts(methods), methods)
    assert found.finite
    assert found.ties == 0
    expected = choix.ilsr_pairwise(methods, wins, max_iter=10_000, tol=1e-13)
    np.testing.assert_allclose(found.strengths, expected, atol=1e-6)
    expected = choix.opt_pairwise(methods, wins, alpha=0, tol=1e-12)
    np.testing.assert_allclose(found.strengths, expected, atol=1e-6)


def test_strengths_with_ties_are_of_the_greatest_likelihood() -> None:
    """Davidson's formula, written down as published, maximised by another method."""
    random = np.random.default_rng(0)
    counts = random.integers(1, 30, (6, 3)).astype(float)
    first, second = np.triu_indices(4, 1)

    def loss(parameters: Floats) -> float:
        worth, nu = np.exp(np.append(0, parameters[:3])), np.exp(parameters[3])
        one, other = worth[first], worth[second]
        tie = nu * np.sqrt(one * other)
        p = np.stack([one, tie, other], 1) / (one + tie + other)[:, None]
        return -float((counts * np.log(p)).sum())

    best = minimize(loss, np.zeros(4), method="BFGS", options={"gtol": 1e-9}).x
    expected = np.append(0, best[:3])
    found = davidson(counts, 4)
    np.testing.assert_allclose(found.strengths, expected - expected.mean(), atol=1e-5)
    assert found.ties == pytest.approx(np.exp(best[3]), abs=1e-4)


def test_strengths_that_are_infinite_or_unknown() -> None:
    beaten = [(0, 1, 1)] * 5 + [(1, 0, 1)] * 4 + [(0, 2, 1)] * 6 + [(1, 2, 1)] * 6
    model, found = strengths(choices(beaten), 3)
    assert not model.finite
    assert np.isfinite(model.strengths).all()
    assert found.order[-1] == 2
    # a method that was tied but never chosen: only with ties elsewhere is that finite
    assert davidson(choices([*beaten, (0, 2, 0)]).counts(3), 3).finite
    assert not davidson(choices([(0, 1, 1)] * 5 + [(0, 1, 0)]).counts(2), 2).finite
    with pytest.raises(BenchError, match="connect"):
        davidson(choices([(0, 1, 1), (1, 0, 1)]).counts(3), 3)
    with pytest.raises(BenchError, match="no vote prefers"):
        davidson(choices([(0, 1, 0)]).counts(2), 2)


TRUTH = np.array([0.0, 0.1, 0.3, 1.0, 1.5])


def simulated(
    random: np.random.Generator, truth: Floats, raters: int, images: int, votes: int,
    taste: float, fit: float, nu: float,
) -> Choices:  # fmt: skip
    """Let raters vote: methods suit some images better (`fit`), and some raters (`taste`)."""
    first, second = np.triu_indices(len(truth), 1)
    rater = np.repeat(np.arange(raters), votes)
    image = random.integers(images, size=len(rater))
    pair = np.concatenate(
        [random.permutation(np.resize(np.arange(len(first)), votes)) for _ in range(raters)]
    )
    worth = (
        truth
        + fit * random.normal(size=(images, len(truth)))[image]
        + taste * random.normal(size=(raters, len(truth)))[rater]
    )
    row = np.arange(len(rater))
    half = (worth[row, first[pair]] - worth[row, second[pair]]) / 2
    p = np.stack([np.exp(half), np.full_like(half, nu), np.exp(-half)], 1)
    edges = np.cumsum(p / p.sum(axis=1, keepdims=True), axis=1)[:, :2]
    outcome = 1 - (random.random((len(rater), 1)) > edges).sum(axis=1)
    return Choices(first[pair], second[pair], outcome, rater, image)


def of_everybody(truth: Floats, taste: float, fit: float, nu: float) -> Floats:
    """Strengths that fit infinitely many raters and images: what intervals have to hold."""
    nodes, weights = np.polynomial.hermite_e.hermegauss(41)
    first, second = np.triu_indices(len(truth), 1)
    spread = np.sqrt(2 * (taste**2 + fit**2))
    half = ((truth[first] - truth[second])[:, None] + spread * nodes) / 2
    p = np.stack([np.exp(half), np.full_like(half, nu), np.exp(-half)], -1)
    p /= p.sum(axis=-1, keepdims=True)
    counts = 1000 * np.einsum("pnc,n->pc", p, weights / weights.sum())
    return davidson(counts, len(truth)).strengths


@pytest.mark.slow
@pytest.mark.parametrize(
    ("raters", "images", "votes", "taste", "fit", "nu", "power"),
    [(10, 12, 60, 0.4, 0.6, 0.4, 0.2), (20, 24, 60, 0.4, 0.6, 0.4, 0.7),
     (40, 10, 30, 0.3, 0.8, 0.5, 0.0), (8, 40, 80, 0.5, 0.5, 0.0, 0.0)],
)  # fmt: skip
def test_intervals_hold_true_strengths_and_ranks(
    raters: int, images: int, votes: int, taste: float, fit: float, nu: float, power: float
) -> None:
    """Of five methods; those whose strengths differ by 1 are told apart as often as is said."""
    truth = of_everybody(TRUTH, taste, fit, nu)
    held, ranked, naive, apart, studies = [], [], [], [], 400
    for seed in range(studies):
        random = np.random.default_rng([raters, seed])
        drawn = simulated(random, TRUTH, raters, images, votes, taste, fit, nu)
        _, found = strengths(drawn, len(TRUTH))
        low, high = found.bounds
        held.append((low <= truth) & (truth <= high))
        ranked.append(
            all(
                r.rank <= true <= r.last
                for r, true in zip(found.ranks, (5, 4, 3, 2, 1), strict=True)
            )
        )
        apart.append(found.apart[0, 3])
        error = np.sqrt(np.diag(found.by_both))
        naive.append(np.abs(found.values - truth) <= 1.96 * error)
    assert 0.93 <= np.mean(held) <= 0.97
    # Holm's correction makes the ranks hold together, so more often where methods differ
    assert np.mean(ranked) >= 0.95 - 3 * np.sqrt(0.05 * 0.95 / studies)
    assert np.mean(apart) >= power
    # and the check has teeth: votes taken for independent hold the truth far too rarely
    assert np.mean(naive) < 0.9


@pytest.mark.slow
@pytest.mark.parametrize(("raters", "images"), [(10, 12), (20, 24)])
def test_ranks_hold_where_all_methods_are_equal(raters: int, images: int) -> None:
    """No two of five equal methods are told apart in 93 to 98 % of studies."""
    none = [
        not strengths(
            simulated(np.random.default_rng(seed), np.zeros(5), raters, images, 60, 0.4, 0.6, 0.4),
            5,
        )[1].apart.any()
        for seed in range(400)
    ]
    assert 0.93 <= np.mean(none) <= 0.985


def test_too_few_raters_have_no_interval() -> None:
    random = np.random.default_rng(0)
    _, found = strengths(simulated(random, TRUTH, 2, 20, 60, 0.1, 0.1, 0.3), 5)
    assert np.isnan(found.bounds).all()
    assert not found.apart.any()
    assert {str(rank) for rank in found.ranks} == {"1–5"}


def test_unanimity() -> None:
    """Krippendorff's α by its definition, over every pair in both orientations."""
    random = np.random.default_rng(0)
    pair = np.repeat(np.arange(30), random.integers(1, 5, 30))
    lean = random.normal(size=30)[pair]
    outcome = np.sign(np.round(lean + random.normal(size=len(pair)))).astype(int)
    both, units = np.concatenate([outcome, -outcome]), np.concatenate([pair, pair + 30])
    kept = np.bincount(units)[units] > 1
    both, units = both[kept], units[kept]
    squares = (both[:, None] - both) ** 2
    within = (units[:, None] == units) / (np.bincount(units)[units] - 1)
    alpha = 1 - (squares * within).sum() / len(both) / (squares.sum() / len(both) / (len(both) - 1))
    found = unanimity(outcome, pair)
    assert found.alpha == pytest.approx(alpha)
    assert unanimity(np.array([1, 1, -1, -1]), np.array([0, 0, 1, 1])).alpha == 1
    assert unanimity(np.array([1, 1, 1, -1]), np.array([0, 0, 1, 1])).share == 0.5
    assert np.isnan(unanimity(np.array([1, -1]), np.array([0, 1])).alpha)


def test_kendall_tau_is_scipys() -> None:
    from scipy.stats import kendalltau

    random = np.random.default_rng(0)
    one, others = random.integers(0, 5, 12).astype(float), random.integers(0, 5, (7, 12))
    expected = [kendalltau(one, other).statistic for other in others]
    np.testing.assert_allclose(kendall_tau(one, others.astype(float)), expected)


METHODS = ["mean-fill", "telea", "navier-stokes", "criminisi", "shiftmap"]


@pytest.fixture(scope="module")
def rows() -> RunRows:
    """Make a run whose LPIPS disagrees with all other metrics."""
    made = synthetic_run(METHODS, images=8, spread=0.7)
    order = made.cases.set_index("case")
    random = np.random.default_rng(1)
    of = {(case, m): i + random.normal(scale=1.2) for case in order.index
          for i, m in enumerate(METHODS)}  # fmt: skip
    scores = made.scores.copy()
    is_lpips = scores["metric"].str.startswith("lpips")
    own = [of[case, m] for case, m in scores.loc[is_lpips, ["case", "variant"]].to_numpy()]
    scores.loc[is_lpips, "value"] = np.exp(np.array(own) / 4 - 3)
    other = scores["metric"] == "lpips[vgg,v0.1]"
    scores.loc[other, "value"] *= np.exp(random.normal(scale=0.6, size=other.sum()))
    return dataclasses.replace(made, scores=scores)


@pytest.fixture(scope="module")
def study(rows: RunRows, tmp_path_factory: Any) -> tuple[Path, StudyKey]:
    folder = tmp_path_factory.mktemp("fit") / "study"
    return folder, made(folder, rows)


def made(folder: Path, rows: RunRows, **options: Any) -> StudyKey:
    field = read_field(rows)
    design = draw_study(field, SyntheticPictures(rows), 120, 60, 6, 0, **options)
    return write_study(
        folder, field, design, SyntheticPictures(rows), Look(), run=Path("run"), seed=0
    )


@pytest.fixture(scope="module")
def votes(rows: RunRows, study: tuple[Path, StudyKey]) -> list[Path]:
    """Let nine raters vote by LPIPS, and one at random."""
    values = rows.scores[rows.scores["metric"] == LPIPS].set_index(["case", "variant"])["value"]
    quality = (-4 * np.log(values)).to_dict()
    raters = [by_quality(lambda c, m: quality[c, m], s, noise=0.7) for s in range(9)]
    return write_ballots(study[0].parent / "votes", study[1], [*raters, at_random(0)])


def test_a_fit_says_who_is_better(study: tuple[Path, StudyKey], votes: list[Path]) -> None:
    result = fit(collect([study[0], *votes]))
    assert [one.method for one in result.strengths] == METHODS
    assert [one.rank.rank for one in result.strengths] == sorted(
        one.rank.rank for one in result.strengths
    )
    assert result.strengths[0].rank.rank == 1
    assert result.strengths[-1].rank.last == 5
    assert sum(one.strength for one in result.strengths) == pytest.approx(0)
    assert all(one.low < one.strength < one.high for one in result.strengths)  # type: ignore[operator]
    assert result.votes == sum(one.chosen + one.tied / 2 for one in result.strengths)
    assert result.votes == sum(p.chosen + p.tied + p.other_chosen for p in result.pairs) == 9 * 60
    assert [rater.left_out != "" for rater in result.raters] == [False] * 9 + [True]
    assert result.counted_raters == 9
    assert 0.3 < result.alpha < 1  # type: ignore[operator]
    assert 0.4 < result.left_side < 0.6  # type: ignore[operator]
    assert result.finite


def test_results_are_written_and_read_again(
    rows: RunRows, study: tuple[Path, StudyKey], votes: list[Path], tmp_path: Path
) -> None:
    collected = collect([study[0], *votes])
    result = fit(collected)
    names = {path.name for path in write_results(tmp_path, result)}
    assert names == {path.name for path in tmp_path.iterdir()}
    assert {"strengths.md", "strengths.png", "strengths.pdf", "raters.csv", "fit.json"} <= names
    assert read_fit(tmp_path) == result
    text = (tmp_path / "strengths.md").read_text()
    assert f"{9:016x} (chose the truth in" in text
    assert "Rater 9" not in text  # names stay in the table of raters
    assert "Rater 9" in (tmp_path / "raters.md").read_text()
    assert read_agreement(tmp_path) is None
    predicted = compare_with_metrics(collected, rows)
    write_predictions(tmp_path, predicted)
    assert read_agreement(tmp_path) == predicted
    (tmp_path / "fit.json").write_text("{}")
    with pytest.raises(BenchError, match=r"fit\.json: .* must be set"):
        read_fit(tmp_path)


def one_sided(rows: RunRows, folder: Path, *outcomes: int) -> Collected:
    """Let a rater for each outcome choose it on every counted pair, for the pair's left result."""
    key = made(folder, rows)

    def choose(outcome: int) -> Chooser:
        return lambda p: (1 if p.left == "(truth)" else -1) if p.kind == "trivial" else outcome

    part = [pair for pair in key.pairs if pair.part == 0 and pair.kind != "repeated"]
    key = dataclasses.replace(key, pairs=tuple(part))
    paths = write_ballots(folder / "votes", key, list(map(choose, outcomes)))
    return collect([folder, *paths])


def test_notes_say_what_is_known_of_agreement(rows: RunRows, tmp_path: Path) -> None:
    said = "Of two votes on one pair that prefer a result, 100 % prefer the same"
    nothing = "nothing is known of their agreement"
    for name, outcomes, note in (
        ("same", (1, 1), said),
        ("decided", (1, 0), "No two votes on one pair both prefer a result (Krippendorff's alpha"),
        ("one", (1,), nothing),
    ):
        result = fit(one_sided(rows, tmp_path / name, *outcomes))
        text = " ".join(notes(result))
        assert note in text
        assert (nothing in text) == (note == nothing)
    # numbers of one thing are in the singular
    assert "of 1 rater." in strength_table(result).caption
    assert "of 1 rater on" in caption(result)


def test_votes_that_prefer_nothing_tie_all_methods(rows: RunRows, tmp_path: Path) -> None:
    collected = one_sided(rows, tmp_path, 0, 0, 0)
    result = fit(collected)
    assert [(one.strength, one.low, one.high) for one in result.strengths] == [(0, None, None)] * 5
    assert {(str(one.rank), one.group) for one in result.strengths} == {("1–5", "a")}
    assert result.ties == 1
    text = " ".join(notes(result))
    assert "No vote prefers a result" in text
    assert "infinite" not in text
    assert "fewer than three" not in text
    write_results(tmp_path, result)
    assert read_fit(tmp_path) == result
    proposal = propose(collected, 20)
    assert not proposal.decided
    assert set(proposal.numbers.values()) == {2}
    with pytest.raises(BenchError, match="no vote that prefers a result"):
        compare_with_metrics(collected, rows)


def test_notes_say_why_files_are_passed_over(
    study: tuple[Path, StudyKey], votes: list[Path], tmp_path: Path
) -> None:
    whole = json.loads(votes[0].read_text("utf-8"))
    (tmp_path / "part.json").write_text(json.dumps(whole | {"votes": whole["votes"][:5]}))
    text = " ".join(notes(fit(collect([study[0], *votes, tmp_path / "part.json"]))))
    assert "another file of the same rater holds more votes, or was named later: 1." in text


def test_votes_on_checks_alone_leave_none(
    study: tuple[Path, StudyKey], votes: list[Path], tmp_path: Path
) -> None:
    whole = json.loads(votes[0].read_text("utf-8"))
    of = study[1].by_token
    checks = [v for v in whole["votes"] if of[v["pair"]].kind is not PairKind.counted]
    (tmp_path / "checks.json").write_text(json.dumps(whole | {"votes": checks}))
    with pytest.raises(BenchError, match="voted on a counted pair"):
        fit(collect([study[0], tmp_path / "checks.json"]))
    with pytest.raises(BenchError, match=r"of 1 rater none counts; 0{15}9 chose the truth"):
        fit(collect([study[0], votes[9]]))


def test_a_site_refuses_a_study_of_other_methods(
    study: tuple[Path, StudyKey], votes: list[Path], tmp_path: Path
) -> None:
    write_fit(tmp_path, fit(collect([study[0], *votes])))
    other = Summary(synthetic_run(METHODS[1:], images=2))
    with pytest.raises(BenchError, match=r"isn't a study of these methods: .* 'mean-fill'"):
        write_site(other, tmp_path / "site", None, study=tmp_path)
    assert not (tmp_path / "site").exists()


def test_votes_by_lpips_are_predicted_by_lpips(
    rows: RunRows, study: tuple[Path, StudyKey], votes: list[Path]
) -> None:
    result = compare_with_metrics(collect([study[0], *votes]), rows)
    first = result.metrics[0]
    assert first.metric == LPIPS
    assert first.rank.rank == first.rank.last == 1
    assert first.share > 0.8
    assert first.low < first.share < first.high  # type: ignore[operator]
    assert first.tau == 1
    assert {m.label for m in result.metrics} >= {"PSNR", "SSIM", "LPIPS-VGG"}
    assert "Known change" not in {m.label for m in result.metrics}
    for other in result.metrics[1:]:
        if not other.label.startswith("LPIPS"):
            assert other.share < 0.5  # methods stand the other way round
            assert other.tau < 0  # type: ignore[operator]
            assert other.tau_low <= other.tau <= other.tau_high  # type: ignore[operator]
    assert result.votes + result.without_scores <= 9 * 60


def test_agreement_leaves_out_votes_without_scores_and_other_runs(
    rows: RunRows, study: tuple[Path, StudyKey], votes: list[Path]
) -> None:
    collected = collect([study[0], *votes])
    gone = rows.cases["case"].iloc[:3]
    lacking = rows.scores[~(rows.scores["case"].isin(gone) & (rows.scores["metric"] == LPIPS))]
    result = compare_with_metrics(collected, dataclasses.replace(rows, scores=lacking))
    assert result.without_scores > 0
    assert result.votes + result.without_scores == compare_with_metrics(collected, rows).votes
    for other in (
        dataclasses.replace(rows, variants=rows.variants.assign(key="other")),
        dataclasses.replace(rows, cases=rows.cases.iloc[1:]),
    ):
        with pytest.raises(BenchError, match="isn't the run of the study"):
            compare_with_metrics(collected, other)


def test_next_asks_for_what_is_undecided(
    rows: RunRows, study: tuple[Path, StudyKey], votes: list[Path], tmp_path: Path
) -> None:
    collected = collect([study[0], *votes])
    told_apart = {frozenset((p.method, p.other)): p.told_apart for p in fit(collected).pairs}
    proposal = propose(collected, 50)
    assert len(proposal.pairs) == sum(proposal.numbers.values()) == 50
    assert not all(told_apart.values())
    assert not any(told_apart[frozenset(pair)] for pair in proposal.pairs)
    # a new study of them shows each on cases where it was shown least, and is fitted with the old
    earlier = [(p.case, frozenset((p.left, p.right))) for p in study[1].counted]
    key = made(tmp_path / "more", rows, wanted=proposal.pairs, shown=study[1].counted)
    shown = [(p.case, frozenset((p.left, p.right))) for p in key.pairs
             if p.kind is PairKind.counted]  # fmt: skip
    assert len(shown) == 50
    assert not set(shown) & set(earlier)
    raters = [by_quality(lambda _, m: -METHODS.index(m), seed, noise=0.5) for seed in range(3)]
    more = write_ballots(tmp_path / "votes", key, raters)
    both = collect([study[0], *votes, tmp_path / "more", *more])
    assert fit(both).votes == 9 * 60 + 3 * 50
