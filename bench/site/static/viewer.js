"use strict";
(() => {
  const viewer = document.getElementById("viewer");
  if (!viewer) return;
  const { address } = inpaintbench;
  const element = (id) => document.getElementById(id);
  const [left, right, cut] = ["left", "right", "cut"].map(element);
  const slider = element("slider");
  const maps = [...document.querySelectorAll("input[name=map]")];
  const usual = { left: left.value, right: right.value };
  const keys = ["left", "right", "cut", "map", "zoom"];
  let ready = false;

  const level = element("zoom-level");
  const zoom = inpaintbench.zoom(viewer, (state) => {
    level.textContent = `${state.zoom.toFixed(state.zoom < 10 && state.zoom % 1 ? 1 : 0)}×`;
    const enlarged = (state.zoom * slider.clientWidth) / Number(viewer.dataset.width);
    viewer.classList.toggle("pixels", enlarged >= 1.5);
    writeAddress();
  });

  const show = (image, select) => {
    const option = select.selectedOptions[0];
    image.src = option.dataset.file;
    image.alt = option.value;
  };
  const compare = () => {
    show(element("under"), left);
    show(element("over"), right);
    slider.style.setProperty("--cut", `${cut.value}%`);
    cut.setAttribute("aria-valuetext", `${cut.value} % ${left.value}, the rest ${right.value}`);
  };

  const chosenMap = () => maps.find((input) => input.checked).value;
  const showMaps = () => {
    const map = chosenMap();
    for (const image of viewer.querySelectorAll("img.map")) {
      const file = image.dataset[map];
      image.parentElement.classList.toggle("absent", !file);
      if (file && image.getAttribute("src") !== file) image.src = file;
      const what = { raw: "output", ssim: "1 − SSIM" }[map] || map;
      image.alt = `${what} of ${image.dataset.variant}`;
    }
    element("legend-error").hidden = map !== "error";
    element("legend-ssim").hidden = map !== "ssim";
  };

  const writeAddress = () => {
    if (!ready) return;
    const parameters = new URLSearchParams();
    if (left.value !== usual.left) parameters.set("left", left.value);
    if (right.value !== usual.right) parameters.set("right", right.value);
    if (cut.value !== "50") parameters.set("cut", cut.value);
    if (chosenMap() !== maps[0].value) parameters.set("map", chosenMap());
    const { zoom: factor, x, y } = zoom.state;
    if (factor > 1) parameters.set("zoom", [factor, x, y].map((n) => n.toFixed(2)).join(" "));
    address.write(parameters);
  };
  const readAddress = () => {
    const parameters = address.read(keys);
    if (!parameters) return;
    const pick = (select, name) => {
      select.value = parameters.get(name) || usual[name];
      if (select.selectedIndex < 0) select.value = usual[name];
    };
    pick(left, "left");
    pick(right, "right");
    cut.value = parameters.get("cut") || "50";
    const map = parameters.get("map") || maps[0].value;
    (maps.find((input) => input.value === map) || maps[0]).checked = true;
    ready = false;
    zoom.set(...(parameters.get("zoom") || "1 0 0").split(" ").map(Number));
    ready = true;
    compare();
    showMaps();
  };

  for (const input of [left, right, cut]) {
    input.addEventListener("input", () => {
      compare();
      writeAddress();
    });
  }
  for (const input of maps) {
    input.addEventListener("change", () => {
      showMaps();
      writeAddress();
    });
  }

  // the divider follows the pointer; in a zoomed picture only when it is taken hold of
  let held = false;
  const follow = (event) => {
    const box = slider.getBoundingClientRect();
    cut.value = Math.round((100 * (event.clientX - box.left)) / box.width);
    compare();
  };
  slider.addEventListener("pointerdown", (event) => {
    if (event.button) return;
    const box = slider.getBoundingClientRect();
    const away = Math.abs(event.clientX - box.left - (box.width * cut.value) / 100);
    if (zoom.state.zoom > 1 && away > 24) return;
    event.preventDefault(); // the zoom leaves this pointer alone
    held = true;
    slider.setPointerCapture(event.pointerId);
    follow(event);
  });
  slider.addEventListener("pointermove", (event) => held && follow(event));
  for (const end of ["pointerup", "pointercancel"]) {
    slider.addEventListener(end, () => {
      if (held) writeAddress();
      held = false;
    });
  }

  element("zoom-in").addEventListener("click", () => zoom.zoomAt(2));
  element("zoom-out").addEventListener("click", () => zoom.zoomAt(0.5));
  element("zoom-reset").addEventListener("click", () => zoom.set(1, 0, 0));
  const tiles = viewer.querySelector(".tiles");
  tiles.tabIndex = 0;
  tiles.setAttribute("role", "group");
  tiles.setAttribute("aria-label", "Pictures; + and − zoom, the arrow keys move");
  tiles.addEventListener("keydown", zoom.key);
  addEventListener("hashchange", readAddress);
  for (const id of ["compare", "tools", "zoom-hint"]) element(id).hidden = false;
  readAddress();
})();
