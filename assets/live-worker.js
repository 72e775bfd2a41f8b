/*
 * One connection to the live feed for every tab of this browser: a browser allows six connections to a host,
 * and thirty tabs must work. Tabs say `bye` when they go; the connection closes with the last one.
 */
"use strict";

const EVENTS = [
  "hello", "conversation", "message", "turn", "document", "library", "embeddings", "note", "providers", "bus", "webhooks", "tool_servers", "config", "status", "resync", "server_shutdown",
];
const WAITS_MS = [500, 1000, 2000, 4000, 8000];

const ports = new Set();
let source = null;
let state = "connecting";
let failures = 0;
let timer = 0;

function tell(message) {
  for (const port of ports) port.postMessage(message);
}

function setState(next) {
  if (state === next) return;
  state = next;
  tell({ state });
}

function open() {
  clearTimeout(timer);
  source?.close();
  const mine = new EventSource("/api/v1/events");
  source = mine;
  mine.onopen = () => {
    failures = 0;
    setState("open");
  };
  mine.onerror = () => lost(mine);
  mine.addEventListener("signed_out", () => lost(mine));
  for (const name of EVENTS) {
    mine.addEventListener(name, (event) => tell({ event: name, data: event.data }));
  }
}

/** Tries again later, unless nobody is signed in any more: then a tab says when somebody is. */
async function lost(mine) {
  mine.close();
  if (mine !== source) return;
  const out = await signedOut();
  if (mine !== source) return;
  setState(out ? "signed_out" : "down");
  if (out || !ports.size) return;
  timer = setTimeout(open, WAITS_MS[Math.min(failures, WAITS_MS.length - 1)]);
  failures += 1;
}

/** An EventSource does not tell why it was refused. */
async function signedOut() {
  try {
    const response = await fetch("/api/v1/auth/session", { cache: "no-store" });
    return response.status === 401 || (response.ok && !(await response.json()).signed_in);
  } catch {
    return false;
  }
}

function leave(port) {
  ports.delete(port);
  if (ports.size) return;
  clearTimeout(timer);
  source.close();
  source = null;
  state = "connecting";
}

self.onconnect = (connection) => {
  const port = connection.ports[0];
  ports.add(port);
  port.onmessage = (message) => {
    if (message.data === "bye") leave(port);
    if (message.data === "now" && (state === "down" || state === "signed_out")) open();
  };
  if (source) port.postMessage({ state });
  else open();
};
