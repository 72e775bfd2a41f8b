/** Theme, text size and the sidebar: choices of this browser, kept in it. `boot.js` applies them before the first paint. */
import { keep, onKept, recall } from "../lib/storage.js";
import { effect, signal } from "../vendor/signals.js";

/** `system`, `light` or `dark`. */
export const theme = signal(recall("theme", "system"));

/** `small`, `normal`, `large` or `huge`. */
export const textSize = signal(recall("textSize", "normal"));

/** Whether the sidebar stands beside the page (wide windows). */
export const sidebarOpen = signal(recall("sidebar", true));

/** Whether the sidebar lies over the page (narrow windows). */
export const drawerOpen = signal(false);

const narrow = matchMedia("(max-width: 759px)");

/** Whether the window is so narrow that the sidebar is a drawer. */
export const isNarrow = signal(narrow.matches);

/** @param {"system"|"light"|"dark"} choice */
export function setTheme(choice) {
  theme.value = choice;
  keep("theme", choice);
}

/** @param {"small"|"normal"|"large"|"huge"} choice */
export function setTextSize(choice) {
  textSize.value = choice;
  keep("textSize", choice);
}

/** Shows or hides the sidebar, whichever form it has. */
export function toggleSidebar() {
  if (isNarrow.value) {
    drawerOpen.value = !drawerOpen.value;
    return;
  }
  sidebarOpen.value = !sidebarOpen.value;
  keep("sidebar", sidebarOpen.value);
}

/** Follows the choices, also those made in another tab. */
export function startAppearance() {
  const root = document.documentElement;
  effect(() => {
    root.dataset.theme = theme.value;
    root.dataset.text = textSize.value;
  });
  onKept("theme", (value) => (theme.value = value ?? "system"));
  onKept("textSize", (value) => (textSize.value = value ?? "normal"));
  narrow.addEventListener("change", () => {
    isNarrow.value = narrow.matches;
    drawerOpen.value = false;
  });
}
