/** Sending files, with the progress that `fetch` does not tell. The rest of the HTTP client is `api.js`. */
import { addressOf, ApiError, refused } from "./api.js";

/**
 * Sends a form.
 * @param {string} path
 * @param {FormData} form
 * @param {{key: string, signal: AbortSignal, onProgress: (sent: number, total: number) => void}} options
 *   `onProgress` counts bytes of the whole form
 * @returns {Promise<any>}
 */
export function upload(path, form, { key, signal, onProgress }) {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    const stop = () => request.abort();
    const end = (then) => {
      signal.removeEventListener("abort", stop);
      then();
    };
    request.open("POST", addressOf(path));
    request.setRequestHeader("Accept", "application/json");
    request.setRequestHeader("Idempotency-Key", key);
    request.upload.onprogress = ({ loaded, total }) => onProgress(loaded, total);
    request.onload = () => end(() => settle(request, resolve, reject));
    request.onerror = () => end(() => reject(new ApiError({ message: "", code: "server_unreachable", status: 0 })));
    request.onabort = () => end(() => reject(new DOMException("", "AbortError")));
    signal.addEventListener("abort", stop);
    request.send(form);
  });
}

function settle(request, resolve, reject) {
  let body = null;
  try {
    body = JSON.parse(request.responseText);
  } catch {
    // Something between here and the server answered.
  }
  if (request.status < 300 && body) return resolve(body);
  reject(
    refused(new ApiError({
      message: body?.error ?? `${request.status} ${request.statusText}`,
      code: body?.code ?? `http_${request.status}`,
      status: request.status,
      details: body?.details,
      requestId: body?.request_id,
      retryAfter: body?.retry_after,
    })),
  );
}
