"use strict";
// Modules can't be loaded from the disk, so the scripts share this one name.
const inpaintbench = { scores: [] };
