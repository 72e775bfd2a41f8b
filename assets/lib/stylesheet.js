/** A stylesheet that is fetched when it is first needed. */

/** Loads it once; it holds from the moment the promise is kept. @returns {Promise<void>} */
export function stylesheet(/** @type {string} */ address) {
  return new Promise((resolve, reject) => {
    if (document.head.querySelector(`link[href="${address}"]`)) return void resolve();
    const link = document.createElement("link");
    link.rel = "stylesheet";
    link.href = address;
    link.onload = () => resolve();
    link.onerror = () => {
      link.remove();
      reject(new Error(`${address} did not load`));
    };
    document.head.append(link);
  });
}
