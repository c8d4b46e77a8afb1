"use strict";
// Shows pairs one after the other and keeps the answers in this browser until they are saved.
(() => {
  const id = (name) => document.getElementById(name);
  const every = (selector) => [...document.querySelectorAll(selector)];
  const storageKey = `inpaintbench-study-${study.study}`;
  const fresh = () => {
    const bytes = crypto.getRandomValues(new Uint8Array(8));
    const rater = [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
    return { rater, name: "", started: false, votes: [] };
  };

  let stored = true;
  const read = () => {
    try {
      localStorage.setItem(`${storageKey}-probe`, "");
      localStorage.removeItem(`${storageKey}-probe`);
      const kept = JSON.parse(localStorage.getItem(storageKey));
      if (kept && /^[0-9a-f]{16}$/.test(kept.rater) && Array.isArray(kept.votes)) return kept;
    } catch {
      stored = false;
    }
    return fresh();
  };
  const keep = () => {
    try {
      localStorage.setItem(storageKey, JSON.stringify(state));
    } catch {
      stored = false;
    }
    id("forgetful").hidden = stored;
  };

  // A rater's part, order and sides follow from the rater's id alone.
  const generator = (text) => {
    let seed = 2166136261;
    for (const letter of text) seed = Math.imul(seed ^ letter.charCodeAt(0), 16777619);
    return () => {
      seed = (seed + 0x6d2b79f5) | 0;
      let mixed = Math.imul(seed ^ (seed >>> 15), 1 | seed);
      mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
      return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
    };
  };
  const arranged = (rater) => {
    const random = generator(rater);
    const part = [...study.parts[Math.floor(random() * study.parts.length)]];
    const mirrored = random() < 0.5;
    for (let last = part.length - 1; last > 0; last -= 1) {
      const other = Math.floor(random() * (last + 1));
      [part[last], part[other]] = [part[other], part[last]];
    }
    // the same picture twice in a row would invite comparison with the pair before
    for (let i = 1; i < part.length; i += 1) {
      if (part[i].masked !== part[i - 1].masked) continue;
      const other = part.findIndex((pair, j) => j > i && pair.masked !== part[i].masked);
      if (other > 0) [part[i], part[other]] = [part[other], part[i]];
    }
    return part.map((pair) =>
      mirrored ? { ...pair, left: pair.right, right: pair.left } : pair);
  };

  let state = read();
  let pairs = arranged(state.rater);
  let shownAt = 0;
  let ready = false;
  let large = "left";

  const file = (token) => `pictures/${token}.png`;
  const current = () => pairs[state.votes.length];
  const show = (previous = "") => {
    const number = state.votes.length;
    const over = number >= pairs.length;
    id("intro").hidden = state.started;
    id("voting").hidden = !state.started || over;
    id("done").hidden = !state.started || !over;
    every(".undo").forEach((button) => { button.disabled = number === 0; });
    if (!state.started || over) return;
    id("progress").textContent = `${number + 1} of ${pairs.length}`;
    id("bar").value = number / pairs.length;
    place(current(), previous);
  };
  const busy = (wanted) => {
    ready = !wanted;
    id("voting").setAttribute("aria-busy", String(wanted));
  };
  const place = async (pair, previous) => {
    busy(true);
    every("[data-choice]").forEach((button) =>
      button.classList.toggle("chosen", button.dataset.choice === previous));
    showOriginal(false);
    for (const [name, token] of [["left", pair.left], ["right", pair.right], ["known", pair.masked]]) {
      const image = id(`image-${name}`);
      image.width = pair.width;
      image.height = pair.height;
      image.src = file(token);
    }
    const seen = ["left", "right", "known"].map((name) => id(`image-${name}`).decode());
    await Promise.allSettled(seen);
    if (pair !== current()) return;
    busy(false);
    shownAt = performance.now();
    const following = pairs[state.votes.length + 1];
    if (following) {
      for (const token of [following.left, following.right, following.masked]) {
        new Image().src = file(token);
      }
    }
  };

  const vote = (choice) => {
    if (!ready || id("voting").hidden) return;
    const pair = current();
    const seconds = Math.round((performance.now() - shownAt) / 10) / 100;
    state.votes.push({ pair: pair.pair, left: pair.left, choice, seconds });
    keep();
    show();
  };
  const undo = () => {
    if (!state.started || state.votes.length === 0) return;
    const last = state.votes.pop();
    keep();
    show(last.choice);
  };
  const save = () => {
    const { rater, name, votes } = state;
    const content = { format: "inpaintbench-votes", version: 1, study: study.study, rater, name, votes };
    const link = document.createElement("a");
    const blob = new Blob([JSON.stringify(content, null, 1)], { type: "application/json" });
    link.href = URL.createObjectURL(blob);
    link.download = `votes-${rater}.json`;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 1000);
  };

  const showOriginal = (wanted) => {
    const button = id("original");
    if (!button) return;
    const pair = current();
    button.hidden = !pair.original;
    button.setAttribute("aria-pressed", String(wanted));
    id("image-known").src = file(wanted ? pair.original : pair.masked);
    id("image-known").alt = wanted ? "The original" : "The picture with the removed part in one colour";
    id("known").textContent = wanted ? "Original" : "What was removed";
  };
  const enlarge = (side) => {
    large = side;
    const pair = current();
    const image = id("image-large");
    image.width = pair.width;
    image.height = pair.height;
    image.src = file(pair[side]);
    image.alt = side === "left" ? "Left result" : "Right result";
    id("large").setAttribute("aria-label", `${image.alt}, enlarged`);
    id("switch").textContent = side === "left" ? "Left: show the right" : "Right: show the left";
    if (!id("large").open) id("large").showModal();
  };

  id("start").addEventListener("click", () => {
    state.name = id("name").value.trim();
    state.started = true;
    keep();
    show();
  });
  id("next-rater").addEventListener("click", () => {
    if (!confirm("Did you save your answers? They are removed from this browser.")) return;
    state = fresh();
    pairs = arranged(state.rater);
    id("name").value = "";
    keep();
    show();
  });
  every("[data-choice]").forEach((button) =>
    button.addEventListener("click", () => vote(button.dataset.choice)));
  every(".undo").forEach((button) => button.addEventListener("click", undo));
  every(".save").forEach((button) => button.addEventListener("click", save));
  every(".enlarge").forEach((button) =>
    button.addEventListener("click", () => enlarge(button.dataset.side)));
  id("original")?.addEventListener("click", () =>
    showOriginal(id("original").getAttribute("aria-pressed") === "false"));
  id("switch").addEventListener("click", () => enlarge(large === "left" ? "right" : "left"));
  id("close").addEventListener("click", () => id("large").close());

  document.addEventListener("keydown", (event) => {
    if (event.repeat || event.ctrlKey || event.metaKey || event.altKey) return;
    const side = { ArrowLeft: "left", ArrowRight: "right" }[event.key];
    if (id("large").open) {
      if (side) enlarge(side);
      return;
    }
    if (id("voting").hidden) return;
    const onButton = event.target instanceof HTMLButtonElement;
    if (side) vote(side);
    else if (event.key === "ArrowDown" || (event.key === " " && !onButton)) vote("tie");
    else if (event.key === "Backspace") undo();
    else return;
    event.preventDefault();
  });

  keep();
  show();
})();
