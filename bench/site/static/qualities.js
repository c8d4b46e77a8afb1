"use strict";
// What the leaderboard shows in its columns of qualities: of the whole run, as its statistics
// say, or of some of its cases, worked out here. Each is a map from column to a list with
// [text, interval, mark, place, value] for each method.
inpaintbench.qualities = (() => {
  const { run, statistics } = inpaintbench;
  const methods = run.variants.length;
  const done = statistics.bytes(run.done);
  const suites = run.facets.find((facet) => facet.key === "suite");
  const main = run.metrics.flatMap((metric, i) => (metric.main ? [i] : []));
  const ranks = Object.keys(run.meanRanks);
  const madeFrom = (by, axis) => (by === "both" ? axis !== null : axis === by);
  const nothing = ["–", "", "", "", null];

  // Scores are read when they are first needed.
  const scores = new Map();
  const reading = new Map();
  const read = (i) => {
    if (!run.metrics[i].file) return null;
    if (!reading.has(i)) {
      const script = document.createElement("script");
      script.src = run.metrics[i].file;
      reading.set(
        i,
        new Promise((resolve, reject) => {
          script.onload = () => {
            scores.set(i, statistics.unpack(inpaintbench.scores[i]));
            delete inpaintbench.scores[i];
            resolve();
          };
          script.onerror = () => reject(new Error(`${run.metrics[i].file} can't be read`));
        }),
      );
      document.head.append(script);
    }
    return reading.get(i);
  };
  const load = (chosen) => Promise.all([...main, chosen].map(read));

  const wholeRun = (chosen) => {
    const columns = new Map();
    for (const by of ranks) columns.set(`mean-rank:${by}`, run.meanRanks[by]);
    for (const i of main) columns.set(`metric:${run.metrics[i].label}`, run.whole[i][0]);
    suites.values.forEach((suite, k) => columns.set(`suite:${suite}`, run.whole[chosen][k + 1]));
    return columns;
  };

  // Means of a metric as they are shown, with the best and second of those compared.
  const shown = (i, support) => {
    if (!scores.has(i)) return run.variants.map(() => nothing);
    const { digits, higher } = run.metrics[i];
    const means = statistics.means(scores.get(i), methods, support);
    const compared = new Set(support.compared);
    const known = support.compared.map((j) => means[j]).filter((mean) => !Number.isNaN(mean));
    const [best, second] = [...new Set(known)].sort((a, b) => (higher ? b - a : a - b));
    return means.map((mean, j) => {
      if (Number.isNaN(mean)) return nothing;
      if (!compared.has(j)) return [mean.toFixed(digits), "", "†", "", mean];
      const place = mean === best ? "best" : mean === second ? "second" : "";
      return [mean.toFixed(digits), "", "", compared.size > 1 ? place : "", mean];
    });
  };

  const someCases = (cases, chosen) => {
    const support = statistics.support(done, methods, cases, run.share);
    const columns = new Map();
    for (const by of ranks) {
      const counted = main
        .filter((i) => scores.has(i) && madeFrom(by, run.metrics[i].axis))
        .map((i) => ({ values: scores.get(i), higher: run.metrics[i].higher }));
      const means = statistics
        .meanRanks(counted, methods, support)
        .map((rank) =>
          Number.isNaN(rank) ? nothing : [rank.toFixed(run.rankDigits), "", "", "", rank],
        );
      columns.set(`mean-rank:${by}`, means);
    }
    for (const i of main) columns.set(`metric:${run.metrics[i].label}`, shown(i, support));
    suites.values.forEach((suite, k) => {
      const own = cases.filter((i) => suites.codes[i] === k);
      if (!own.length) return;
      const here = statistics.support(done, methods, own, run.share);
      columns.set(`suite:${suite}`, shown(chosen, here));
    });
    return { columns, support };
  };

  return { load, someCases, wholeRun };
})();
