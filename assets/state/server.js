/** Facts about the server itself: configuration, status and log lines. */
import { get } from "../lib/api.js";
import { signal } from "../vendor/signals.js";
import { on, onReturn } from "./connection.js";
import { newest } from "./meanwhile.js";
import { may } from "./session.js";

const FIRST_LOOK_MS = 2000;

export const config = signal(null);
export const status = signal(null);
export const logs = signal([]);

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
    // A file that was refused before this page opened; nothing that one types waits for it.
    setTimeout(() => loadConfig().catch(() => {}), first ? FIRST_LOOK_MS : 0);
  });
}
