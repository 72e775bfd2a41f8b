/* Theme and text size before the first paint, so that a dark room is not lit up. */
"use strict";
try {
  const read = (name) => JSON.parse(localStorage.getItem(`inglenook.${name}`) ?? "null");
  document.documentElement.dataset.theme = read("theme") ?? "system";
  document.documentElement.dataset.text = read("textSize") ?? "normal";
} catch {
  document.documentElement.dataset.theme = "system";
}
