"use strict";
// One zoom for all pictures: they read it from three properties of the viewer.
inpaintbench.zoom = (viewer, changed) => {
  const most = 16;
  const state = { zoom: 1, x: 0, y: 0 }; // x, y: left and top of the part shown, in percent

  const apply = () => {
    const farthest = 100 - 100 / state.zoom;
    state.x = Math.min(farthest, Math.max(0, state.x));
    state.y = Math.min(farthest, Math.max(0, state.y));
    viewer.style.setProperty("--zoom", state.zoom);
    viewer.style.setProperty("--x", state.x);
    viewer.style.setProperty("--y", state.y);
    viewer.classList.toggle("zoomed", state.zoom > 1);
    changed(state);
  };

  // Zooms so that the point at (u, v), from 0 to 1 of the frame, stays where it is.
  const zoomAt = (factor, u = 0.5, v = 0.5) => {
    const zoom = Math.min(most, Math.max(1, state.zoom * factor));
    state.x += (100 * u) / state.zoom - (100 * u) / zoom;
    state.y += (100 * v) / state.zoom - (100 * v) / zoom;
    state.zoom = zoom;
    apply();
  };
  const pan = (u, v) => {
    state.x += (100 * u) / state.zoom;
    state.y += (100 * v) / state.zoom;
    apply();
  };
  const set = (zoom, x, y) => {
    const valid = [zoom, x, y].every(Number.isFinite);
    state.zoom = valid ? Math.min(most, Math.max(1, zoom)) : 1;
    [state.x, state.y] = valid ? [x, y] : [0, 0];
    apply();
  };

  const inFrame = (event) => {
    const frame = event.target.closest(".picture");
    if (!frame) return null;
    const box = frame.getBoundingClientRect();
    const u = (event.clientX - box.left) / box.width;
    const v = (event.clientY - box.top) / box.height;
    return { u, v, box };
  };

  viewer.addEventListener("dblclick", (event) => {
    const at = inFrame(event);
    if (at) zoomAt(event.shiftKey ? 0.5 : 2, at.u, at.v);
  });
  viewer.addEventListener(
    "wheel",
    (event) => {
      const at = event.ctrlKey || event.metaKey ? inFrame(event) : null;
      if (!at) return; // without a key, the wheel scrolls the page
      event.preventDefault();
      zoomAt(Math.exp(-event.deltaY / 200), at.u, at.v);
    },
    { passive: false },
  );

  const pointers = new Map();
  viewer.addEventListener("pointerdown", (event) => {
    const at = inFrame(event);
    if (!at || event.defaultPrevented || event.button) return;
    pointers.set(event.pointerId, { x: event.clientX, y: event.clientY, box: at.box });
  });
  addEventListener("pointermove", (event) => {
    const last = pointers.get(event.pointerId);
    if (!last) return;
    const others = [...pointers].filter(([id]) => id !== event.pointerId).map(([, other]) => other);
    if (others.length) {
      const span = (x, y) => Math.hypot(x - others[0].x, y - others[0].y);
      const u = ((event.clientX + others[0].x) / 2 - last.box.left) / last.box.width;
      const v = ((event.clientY + others[0].y) / 2 - last.box.top) / last.box.height;
      zoomAt(span(event.clientX, event.clientY) / Math.max(1, span(last.x, last.y)), u, v);
    } else if (state.zoom > 1) {
      pan((last.x - event.clientX) / last.box.width, (last.y - event.clientY) / last.box.height);
    }
    Object.assign(last, { x: event.clientX, y: event.clientY });
  });
  for (const end of ["pointerup", "pointercancel"]) {
    addEventListener(end, (event) => pointers.delete(event.pointerId));
  }

  const moves = {
    ArrowLeft: [-0.1, 0],
    ArrowRight: [0.1, 0],
    ArrowUp: [0, -0.1],
    ArrowDown: [0, 0.1],
  };
  const key = (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === "+" || event.key === "=") zoomAt(2);
    else if (event.key === "-") zoomAt(0.5);
    else if (event.key === "0") set(1, 0, 0);
    else if (moves[event.key] && state.zoom > 1) pan(...moves[event.key]);
    else return;
    event.preventDefault();
  };
  return { key, set, state, zoomAt };
};
