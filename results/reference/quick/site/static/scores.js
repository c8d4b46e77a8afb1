"use strict";
// Means and ranks over some of the cases, by the rules of inpaintbench.statistics.
inpaintbench.statistics = (() => {
  const bytes = (text) => Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));

  // Scores of a metric, row by row: cases × methods; NaN where there is none.
  const unpack = (text) => {
    const view = new DataView(bytes(text).buffer);
    const values = new Float32Array(view.byteLength / 4);
    for (let i = 0; i < values.length; i++) values[i] = view.getFloat32(4 * i, true);
    return values;
  };

  // Which methods are compared, and on which of some cases: those that all of them finished. A
  // method is compared when it finished at least a share of what the most complete one did.
  const support = (done, methods, cases, share) => {
    const finished = new Array(methods).fill(0);
    for (const i of cases) {
      for (let j = 0; j < methods; j++) finished[j] += done[i * methods + j];
    }
    const most = Math.max(0, ...finished);
    const compared = [];
    for (let j = 0; j < methods; j++) if (most && finished[j] >= share * most) compared.push(j);
    const common = cases.filter((i) => compared.every((j) => done[i * methods + j]));
    return { compared, cases: compared.length ? common : [], finished, reached: cases };
  };

  // Mean of each method: over the cases where every method compared has a score; over its own
  // cases for a method that isn't compared.
  const means = (values, methods, found) => {
    const result = new Array(methods).fill(NaN);
    const known = found.cases.filter((i) =>
      found.compared.every((j) => !Number.isNaN(values[i * methods + j])),
    );
    const compared = new Set(found.compared);
    for (let j = 0; j < methods; j++) {
      let total = 0;
      let count = 0;
      for (const i of compared.has(j) ? known : found.reached) {
        const value = values[i * methods + j];
        if (Number.isNaN(value)) continue;
        total += value;
        count += 1;
      }
      if (count) result[j] = total / count;
    }
    return result;
  };

  // Mean over cases of the rank within the case, averaged over metrics; equal scores share.
  const meanRanks = (metrics, methods, found) => {
    const totals = new Array(methods).fill(0);
    let count = 0;
    for (const i of found.cases) {
      const ranks = new Map(found.compared.map((j) => [j, 0]));
      let used = 0;
      for (const { values, higher } of metrics) {
        const score = (j) => (higher ? -values[i * methods + j] : values[i * methods + j]);
        if (found.compared.some((j) => Number.isNaN(score(j)))) continue;
        const order = [...found.compared].sort((a, b) => score(a) - score(b));
        for (let start = 0; start < order.length; ) {
          let end = start + 1;
          while (end < order.length && score(order[end]) === score(order[start])) end += 1;
          for (let k = start; k < end; k++) {
            ranks.set(order[k], ranks.get(order[k]) + (start + 1 + end) / 2);
          }
          start = end;
        }
        used += 1;
      }
      if (!used) continue;
      for (const j of found.compared) totals[j] += ranks.get(j) / used;
      count += 1;
    }
    const result = new Array(methods).fill(NaN);
    if (count) for (const j of found.compared) result[j] = totals[j] / count;
    return result;
  };

  return { bytes, unpack, support, means, meanRanks };
})();
