/** The clipboard, also over plain http, where browsers keep the newer way to it from a page. */

/** Puts a text there; refused when the browser does not allow it. */
export async function copyText(/** @type {string} */ text) {
  if (navigator.clipboard) return navigator.clipboard.writeText(text);
  const give = (/** @type {ClipboardEvent} */ event) => {
    event.clipboardData?.setData("text/plain", text);
    event.preventDefault();
  };
  document.addEventListener("copy", give);
  const taken = document.execCommand("copy");
  document.removeEventListener("copy", give);
  if (!taken) throw new Error("the browser did not allow copying");
}
