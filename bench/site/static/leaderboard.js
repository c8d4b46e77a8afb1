"use strict";
(() => {
  const { address, choices: makeChoices, csv, run, sorting, statistics } = inpaintbench;
  const table = document.getElementById("leaderboard");
  const form = document.getElementById("filters");
  const body = table.tBodies[0];
  const rows = [...body.rows];
  const methods = run.variants.length;
  const count = run.facets[0].codes.length;
  const done = statistics.bytes(run.done);
  const suites = run.facets.find((facet) => facet.key === "suite");
  const heads = [...table.querySelectorAll("thead th[data-column]")];
  const choices = makeChoices(form);
  const element = (id) => document.getElementById(id);
  const [budget, metric, find, intervals] = ["budget", "metric", "find", "intervals"].map(element);
  const usual = { sort: "rank", metric: metric.value };
  const keys = [...choices.keys, "budget", "metric", "find", "intervals", "sort"];
  let sort = { column: usual.sort, descending: false };

  // What each row shows in each column of qualities: [text, interval, mark, place, value].
  const cells = rows.map((row) => {
    const found = new Map();
    for (const cell of row.cells) found.set(cell.dataset.column, cell);
    return found;
  });
  const original = cells.map((columns) => {
    const cell = columns.get("mean-rank");
    const value = cell.querySelector(".value").textContent;
    return [value, cell.querySelector(".interval").textContent, "", "", parseFloat(value)];
  });
  let shown = new Map();

  const number = (label) => run.metrics.findIndex((other) => other.label === label);

  const unpacked = new Map();
  const loading = new Map();
  const load = (i) => {
    if (!run.metrics[i].file || unpacked.has(i)) return Promise.resolve();
    if (!loading.has(i)) {
      loading.set(
        i,
        new Promise((resolve, reject) => {
          const script = document.createElement("script");
          script.src = run.metrics[i].file;
          script.onload = () => {
            unpacked.set(i, statistics.unpack(inpaintbench.scores[i]));
            delete inpaintbench.scores[i];
            resolve();
          };
          script.onerror = () => reject(new Error(`${script.src} can't be read`));
          document.head.append(script);
        }),
      );
    }
    return loading.get(i);
  };

  const selectedCases = () => {
    const wanted = run.facets
      .map((facet) => {
        const values = choices.keys.includes(facet.key)
          ? choices.get(facet.key).map((box) => facet.values.indexOf(box.value))
          : [];
        return { codes: facet.codes, values: new Set(values) };
      })
      .filter(({ values }) => values.size);
    const cases = [];
    for (let i = 0; i < count; i++) {
      if (wanted.every(({ codes, values }) => values.has(codes[i]))) cases.push(i);
    }
    return cases;
  };

  // The qualities of the whole run, as its statistics say.
  const wholeRun = (chosen) => {
    const found = new Map([["mean-rank", original]]);
    run.metrics.forEach((other, i) => {
      if (other.main) found.set(`metric:${other.label}`, run.whole[i][0]);
    });
    suites.values.forEach((suite, i) => found.set(`suite:${suite}`, run.whole[chosen][i + 1]));
    return found;
  };

  const marked = (values, found, i) => {
    const { digits, higher } = run.metrics[i];
    const compared = new Set(found.compared);
    const known = found.compared.map((j) => values[j]).filter((value) => !Number.isNaN(value));
    const ends = [...new Set(known)].sort((a, b) => (higher ? b - a : a - b));
    return values.map((value, j) => {
      if (Number.isNaN(value)) return ["–", "", "", "", null];
      const several = compared.has(j) && found.compared.length > 1;
      const place = !several ? "" : value === ends[0] ? "best" : value === ends[1] ? "second" : "";
      return [value.toFixed(digits), "", compared.has(j) ? "" : "†", place, value];
    });
  };

  // The qualities over some cases, worked out here.
  const someCases = (cases, chosen, whole) => {
    const found = new Map();
    const of = (i, support) =>
      run.metrics[i].file
        ? marked(statistics.means(unpacked.get(i), methods, support), support, i)
        : run.variants.map(() => ["–", "", "", "", null]);
    const main = run.metrics.flatMap((other, i) => (other.main && other.file ? [i] : []));
    const ranked = main.map((i) => ({ values: unpacked.get(i), higher: run.metrics[i].higher }));
    const ranks = statistics.meanRanks(ranked, methods, whole);
    found.set(
      "mean-rank",
      ranks.map((rank) =>
        Number.isNaN(rank)
          ? ["–", "", "", "", null]
          : [rank.toFixed(run.rankDigits), "", "", "", rank],
      ),
    );
    run.metrics.forEach((other, i) => {
      if (other.main) found.set(`metric:${other.label}`, of(i, whole));
    });
    suites.values.forEach((suite, code) => {
      const part = cases.filter((i) => suites.codes[i] === code);
      const support = statistics.support(done, methods, part, run.share);
      found.set(`suite:${suite}`, of(chosen, support));
    });
    return found;
  };

  const fill = () => {
    for (const [column, values] of shown) {
      values.forEach(([text, interval, mark, place], j) => {
        const cell = cells[j].get(column);
        if (!cell) return;
        cell.querySelector(".value").textContent = text;
        cell.querySelector(".interval").textContent = interval;
        const sign = cell.querySelector(".mark");
        if (sign) sign.textContent = mark;
        cell.classList.toggle("best", place === "best");
        cell.classList.toggle("second", place === "second");
      });
    }
  };

  const valueIn = (row, column) => {
    const j = Number(row.dataset.method);
    if (shown.has(column)) return shown.get(column)[j][4];
    const cell = cells[j].get(column);
    const text = cell.dataset.value;
    return cell.classList.contains("number") && text !== "" ? Number(text) : text;
  };

  const showState = heads.length && sorting.heads(table, (column, descending) => {
    sort = { column, descending };
    update();
  });

  const writeAddress = () => {
    const parameters = new URLSearchParams();
    for (const key of choices.keys) {
      for (const box of choices.get(key)) parameters.append(key, box.value);
    }
    if (budget && budget.value) parameters.set("budget", budget.value);
    if (metric.value !== usual.metric) parameters.set("metric", metric.value);
    if (find.value.trim()) parameters.set("find", find.value.trim());
    if (intervals.checked) parameters.set("intervals", "1");
    if (sort.column !== usual.sort || sort.descending) {
      parameters.set("sort", `${sort.descending ? "-" : ""}${sort.column}`);
    }
    address.write(parameters);
    element("reset").hidden = !parameters.size;
  };

  const readAddress = () => {
    const parameters = address.read(keys);
    if (!parameters) return false;
    for (const key of choices.keys) choices.set(key, parameters.getAll(key));
    if (budget) budget.value = parameters.get("budget") || "";
    if (budget && budget.selectedIndex < 0) budget.value = "";
    metric.value = parameters.get("metric") || usual.metric;
    if (metric.selectedIndex < 0) metric.value = usual.metric;
    find.value = parameters.get("find") || "";
    intervals.checked = parameters.get("intervals") === "1";
    const asked = parameters.get("sort") || usual.sort;
    const column = asked.replace(/^-/, "");
    const known = heads.some((head) => head.dataset.column === column);
    sort = known
      ? { column, descending: asked.startsWith("-") }
      : { column: usual.sort, descending: false };
    return true;
  };

  const visible = (row) => {
    const families = choices.keys.includes("family") ? choices.get("family") : [];
    if (families.length && !families.some((box) => box.value === row.dataset.family)) return false;
    const words = find.value.trim().toLowerCase();
    if (words && !row.dataset.name.toLowerCase().includes(words)) return false;
    if (!budget || !budget.value) return true;
    const seconds = cells[Number(row.dataset.method)].get("runtime").dataset.value;
    return seconds !== "" && Number(seconds) <= Number(budget.value);
  };

  const plural = (n, word) => `${n} ${word}${n === 1 ? "" : "s"}`;

  let asked = 0;
  const update = async () => {
    const turn = ++asked;
    const chosen = number(metric.value);
    const cases = selectedCases();
    const filtered = cases.length < count;
    let set = new Set();
    if (filtered) {
      const needed = run.metrics.flatMap((other, i) => (other.main || i === chosen ? [i] : []));
      element("status").textContent = "Reading scores…";
      try {
        await Promise.all(needed.map(load));
      } catch (error) {
        element("status").textContent = error.message;
        return;
      }
      if (turn !== asked) return; // another change came meanwhile
      const whole = statistics.support(done, methods, cases, run.share);
      const compared = new Set(whole.compared);
      set = new Set(run.variants.keys().filter((j) => !compared.has(j)));
      shown = someCases(cases, chosen, whole);
      cells.forEach((columns, j) => {
        const cell = columns.get("cells");
        cell.querySelector(".value").textContent = `${whole.finished[j]}/${cases.length}`;
        cell.dataset.value = whole.finished[j];
      });
      const text = `${cases.length} of ${count} cases; means over the ${whole.cases.length} that`;
      element("status").textContent = `${text} all ${plural(whole.compared.length, "method")} compared finished`;
    } else {
      shown = wholeRun(chosen);
      cells.forEach((columns, j) => {
        const cell = columns.get("cells");
        cell.querySelector(".value").textContent = wholeCells[j].text;
        cell.dataset.value = wholeCells[j].value;
      });
      set = new Set(rows.filter((row) => row.classList.contains("aside")).map((row) => Number(row.dataset.method)));
      element("status").textContent = `All ${plural(count, "case")}`;
    }
    fill();
    const seen = rows.filter((row) => (row.hidden = !visible(row), !row.hidden));
    if (seen.length < rows.length) {
      element("status").textContent += ` · ${seen.length} of ${plural(rows.length, "method")} shown`;
    }
    table.classList.toggle("filtered", filtered);
    table.classList.toggle("with-intervals", intervals.checked);
    element("filtered-note").hidden = !filtered;
    const bySuite = element("by-suite-text");
    if (bySuite) {
      const { label, unit, higher } = run.metrics[chosen];
      bySuite.textContent = `${label} ${higher ? "↑" : "↓"}${unit ? ` ${unit}` : ""}`;
      for (const head of heads.filter((other) => other.dataset.column.startsWith("suite:"))) {
        head.dataset.first = higher ? "descending" : "ascending";
      }
    }
    showState(sort.column, sort.descending);
    // what isn't comparable comes last by quality, whatever its number
    const byQuality = shown.has(sort.column) || sort.column === "rank";
    const aside = (row) => byQuality && set.has(Number(row.dataset.method));
    body.append(...sorting.order(rows, (row) => valueIn(row, sort.column), sort.descending, aside));
    choices.show();
    writeAddress();
  };
  const wholeCells = cells.map((columns) => {
    const cell = columns.get("cells");
    return { text: cell.querySelector(".value").textContent, value: cell.dataset.value };
  });

  const column = (head) => {
    const [kind, ...rest] = head.dataset.column.split(":");
    const name = rest.join(":");
    const { label, unit } = run.metrics[number(kind === "metric" ? name : metric.value)];
    const measure = unit ? `${label} (${unit})` : label;
    if (kind === "metric") return measure;
    if (kind === "suite") return `${name}: ${measure}`;
    const units = { runtime: "Runtime (s)", memory: "Peak memory (bytes)", cells: "Cells finished" };
    return units[kind] || head.textContent.trim();
  };

  element("download").addEventListener("click", () => {
    const withIntervals = intervals.checked;
    const names = heads.flatMap((head) =>
      withIntervals && shown.has(head.dataset.column)
        ? [column(head), `${column(head)} interval`]
        : [column(head)],
    );
    const lines = [...body.rows]
      .filter((row) => !row.hidden)
      .map((row) =>
        heads.flatMap((head) => {
          const key = head.dataset.column;
          if (key === "rank" || key === "cells") {
            return [cells[Number(row.dataset.method)].get(key).textContent.trim().replace("–", "-")];
          }
          const value = valueIn(row, key);
          const text = typeof value === "number" ? Number(value.toPrecision(7)) : value;
          return withIntervals && shown.has(key)
            ? [text, shown.get(key)[Number(row.dataset.method)][1]]
            : [text];
        }),
      );
    const title = document.querySelector("h1").textContent.trim().replace(/[^\w.-]+/g, "-");
    csv.download(`${title || "leaderboard"}-leaderboard.csv`, [["Family", ...names], ...lines.map((line, i) => [[...body.rows].filter((row) => !row.hidden)[i].dataset.family, ...line])]);
  });
  element("reset").addEventListener("click", () => {
    form.reset();
    sort = { column: usual.sort, descending: false };
    update();
    element("download").focus();
  });
  form.addEventListener("input", () => update());
  form.addEventListener("submit", (event) => event.preventDefault());
  addEventListener("hashchange", () => readAddress() && update());
  readAddress();
  form.hidden = false;
  update();
})();
