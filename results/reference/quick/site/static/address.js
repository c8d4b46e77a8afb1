"use strict";
// The state of a page lives behind the # of its address, so that a view can be linked.
inpaintbench.address = (() => {
  // Returns null where the address leads to a part of the page instead.
  const read = (keys) => {
    const parameters = new URLSearchParams(location.hash.slice(1));
    const known = keys.some((key) => parameters.has(key));
    return known || location.hash.length <= 1 ? parameters : null;
  };
  const write = (parameters) => {
    const text = parameters.toString();
    if (text === location.hash.slice(1)) return;
    history.replaceState(null, "", text ? `#${text}` : location.href.split("#")[0]);
  };
  return { read, write };
})();
