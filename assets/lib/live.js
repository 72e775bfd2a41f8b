/**
 * The live feed as this tab sees it: through the worker that all tabs share, or, where a browser has no
 * shared workers, over a connection of its own.
 */
import { get } from "./api.js";
import { trustedScriptUrl } from "./trusted.js";

const EVENTS = [
  "hello", "conversation", "message", "turn", "document", "library", "embeddings", "note", "providers", "bus", "webhooks", "tool_servers", "config", "status", "resync", "server_shutdown",
];
const RETRY_MS = 2000;

/**
 * Opens the feed.
 * @param {(event: string, data: any) => void} onEvent
 * @param {(state: "connecting"|"open"|"down"|"signed_out") => void} onState `signed_out`: it waits for `retry`
 * @returns {{retry: () => void}}
 */
export function openFeed(onEvent, onState) {
  return typeof SharedWorker === "function" ? shared(onEvent, onState) : own(onEvent, onState);
}

function shared(onEvent, onState) {
  let port = null;
  const connect = () => {
    port = new SharedWorker(trustedScriptUrl("/live-worker.js"), { name: "inglenook" }).port;
    port.onmessage = ({ data }) => {
      if (data.state) onState(data.state);
      else onEvent(data.event, JSON.parse(data.data));
    };
    port.start();
  };
  connect();
  addEventListener("pagehide", () => port.postMessage("bye"));
  addEventListener("pageshow", (event) => event.persisted && connect());
  return { retry: () => port.postMessage("now") };
}

function own(onEvent, onState) {
  let source = null;
  let timer = 0;
  const connect = () => {
    clearTimeout(timer);
    source?.close();
    source = new EventSource("/api/v1/events");
    source.onopen = () => onState("open");
    source.onerror = lost;
    source.addEventListener("signed_out", lost);
    for (const name of EVENTS) {
      source.addEventListener(name, (event) => onEvent(name, JSON.parse(event.data)));
    }
  };
  // An EventSource does not tell why it was refused.
  const lost = async () => {
    source.close();
    const { signed_in } = await get("/auth/session").catch((error) => ({ signed_in: error.status !== 401 }));
    onState(signed_in ? "down" : "signed_out");
    if (signed_in) timer = setTimeout(connect, RETRY_MS);
  };
  connect();
  return { retry: connect };
}
