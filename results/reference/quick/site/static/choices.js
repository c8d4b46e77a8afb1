"use strict";
// Lists of boxes to tick that open below their name.
inpaintbench.choices = (form) => {
  const all = [...form.querySelectorAll("details.choice")];
  const close = (except) => {
    for (const other of all) if (other !== except) other.open = false;
  };
  for (const choice of all) {
    choice.addEventListener("toggle", () => choice.open && close(choice));
    choice.addEventListener("keydown", (event) => {
      if (event.key !== "Escape" || !choice.open) return;
      choice.open = false;
      choice.querySelector("summary").focus();
    });
  }
  const opener = form.querySelector(".open-filters");
  opener.addEventListener("click", () => {
    const open = form.classList.toggle("open");
    opener.setAttribute("aria-expanded", String(open));
  });
  document.addEventListener("pointerdown", (event) => {
    if (!event.target.closest("details.choice")) close(null);
  });
  const every = [...form.querySelectorAll("details.choice input")];
  const boxes = (name) => every.filter((box) => box.name === name);
  return {
    keys: all.map((choice) => choice.dataset.facet),
    get: (name) => boxes(name).filter((box) => box.checked),
    set: (name, values) => {
      for (const box of boxes(name)) box.checked = values.includes(box.value);
    },
    // Says behind each name what is ticked.
    show: () => {
      for (const choice of all) {
        const ticked = boxes(choice.dataset.facet).filter((box) => box.checked);
        const words = ticked.map((box) => box.parentElement.textContent.trim());
        const text = words.length > 1 ? `${words.length} chosen` : words[0] || "all";
        choice.querySelector(".chosen").textContent = text;
        choice.classList.toggle("active", words.length > 0);
      }
    },
  };
};
