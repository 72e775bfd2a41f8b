/**
 * The live feed as this tab sees it: through the worker that all tabs share, or, where a browser has no
 * shared workers, over a connection of its own.
 */
import { trustedScriptUrl } from "./trusted.js";

const EVENTS = [
  "hello", "conversation", "message", "turn", "document", "library", "embeddings", "note", "providers", "config", "status", "resync", "server_shutdown",
];
const RETRY_MS = 2000;

/**
 * Opens the feed.
 * @param {(event: string, data: any) => void} onEvent
 * @param {(state: "connecting"|"open"|"down") => void} onState
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
    source = new EventSource("/api/v1/events");
    source.onopen = () => onState("open");
    source.onerror = () => {
      onState("down");
      source.close();
      timer = setTimeout(connect, RETRY_MS);
    };
    for (const name of EVENTS) {
      source.addEventListener(name, (event) => onEvent(name, JSON.parse(event.data)));
    }
  };
  connect();
  return { retry: connect };
}
