// Ours: htm's tag, bound to preact's h.
import { h } from "./preact.js";
import { htm } from "./htm.js";

/** Templates as virtual nodes. */
export const html = htm.bind(h);
