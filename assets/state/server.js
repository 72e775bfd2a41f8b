/** Facts about the server itself: configuration, status and log lines. */
import { get } from "../lib/api.js";
import { keep, recall } from "../lib/storage.js";
import { computed, signal } from "../vendor/signals.js";
import { on, onReturn } from "./connection.js";
import { newest } from "./meanwhile.js";
import { may } from "./session.js";

const FIRST_LOOK_MS = 2000;

export const config = signal(null);
export const status = signal(null);
export const logs = signal([]);

const accepted = signal(recall("openAddress", null));

/** The address at which other machines reach this page unencrypted, until somebody says that it is meant to be so. */
export const openAddress = computed(() => {
  const address = status.value?.address;
  if (!address || location.protocol === "https:" || address === accepted.value) return null;
  return /^(127\.|\[::1\]$)/.test(new URL(address).hostname) ? null : address;
});

/** Says that the address is meant to be open. */
export function acceptAddress() {
  accepted.value = openAddress.peek();
  keep("openAddress", accepted.value);
}

/** Why the last edit of config.sh was refused, or null. */
export const configError = signal(null);

/** Fetches the effective configuration. */
export const loadConfig = newest(
  () => get("/config"),
  (answer) => {
    config.value = answer;
    configError.value = answer.error;
  },
);

/** Fetches connections, limits and sizes. */
export const loadStatus = newest(
  () => get("/status"),
  (answer) => (status.value = answer),
);

/** Fetches the newest lines of the log. */
export async function loadLogs(limit = 200) {
  logs.value = (await get("/logs", { limit })).items;
}

/** Starts to follow what the server says about itself. */
export function startServer() {
  on("config", (data) => {
    configError.value = data.ok ? null : { message: data.error, problems: [data.error] };
    if (config.value) loadConfig().catch(() => {});
  });
  on("status", (data) => {
    if (status.value) status.value = { ...status.value, ...data };
  });
  onReturn(({ first }) => {
    if (!first && status.value) loadStatus().catch(() => {});
    if (!may("admin")) return;
    // A file that was refused before this page opened, and where it listens; nothing that one types waits for it.
    setTimeout(() => {
      loadConfig().catch(() => {});
      if (!status.value) loadStatus().catch(() => {});
    }, first ? FIRST_LOOK_MS : 0);
  });
}
