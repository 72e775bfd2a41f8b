/** A thin line at the top that appears only when there is something to say. */
import { Icon } from "../../components/icon.js";
import { route } from "../../lib/router.js";
import { shareLabel } from "../../lib/sizes.js";
import { t } from "../../lib/text.js";
import { link, retryNow, stopping } from "../../state/connection.js";
import { embeddings } from "../../state/embeddings.js";
import { providers } from "../../state/models.js";
import { acceptAddress, configError, openAddress, status } from "../../state/server.js";
import { useEffect, useState } from "../../vendor/hooks.js";
import { html } from "../../vendor/html.js";
import { libraryBusy, libraryLine } from "../library/processing.js";
import { nameOf } from "../settings/memory.js";

// A restart of the server or a reload of the page is shorter than this, and not worth a word.
const PATIENCE_MS = 1200;

/** Offline, reconnecting, a damaged database, a refused configuration, a provider that is down, a busy library, an address open to others: the first that holds. */
export function StatusLine() {
  const lost = useSlow(link.value === "down");
  const busy = useSlow(libraryBusy.value);
  const line = lost ? lostLine() : damagedLine() || configLine() || providerLine();
  // Their count changes all the time, so they are not announced.
  const quiet = !line && ((busy && route.value.name !== "library" && libraryLine()) || meaningLine());
  return html`<div class="status-slot"><div role="status">${line || (!quiet && openLine())}</div>${quiet && html`<div role="status" aria-live="off">${quiet}</div>`}</div>`;
}

function useSlow(now) {
  const [late, setLate] = useState(false);
  useEffect(() => {
    if (!now) return setLate(false);
    const timer = setTimeout(() => setLate(true), PATIENCE_MS);
    return () => clearTimeout(timer);
  }, [now]);
  return now && late;
}

function lostLine() {
  const words = navigator.onLine === false ? "status.offline" : stopping.value ? "status.stopped" : "status.lost";
  return html`<div class="status-line">
    <span class="spinner" aria-hidden="true"></span><span>${t(words)}</span>
    <button type="button" class="button small quiet" onClick=${retryNow}>${t("status.retry")}</button>
  </div>`;
}

function damagedLine() {
  if (status.value?.checks?.database?.integrity !== "damaged") return null;
  return html`<div class="status-line bad">
    <${Icon} name="warning" /><span>${t("status.damaged", { folder: status.value.data_dir })}</span>
  </div>`;
}

function configLine() {
  if (!configError.value) return null;
  return html`<div class="status-line bad">
    <${Icon} name="warning" /><span class="cut">${t("status.config", { reason: firstProblem(configError.value) })}</span>
    <a href="/settings/configuration">${t("action.show")}</a>
  </div>`;
}

/** The first problem in one line, the file named without its folder. */
function firstProblem({ problems, message }) {
  const [line] = String(problems?.[0] ?? message ?? "").split("\n");
  return line.replace(/^.*[\\/](?=[^\\/]+:\d+:\d+: )/, "");
}

function providerLine() {
  const down = providers.value.filter((provider) => provider.enabled && provider.breaker?.state === "open");
  if (!down.length) return null;
  return html`<div class="status-line warn">
    <${Icon} name="warning" /><span class="cut">${t("status.provider", { name: down.map((provider) => provider.name).join(", "), n: down.length })}</span>
    <a href="/settings/models">${t("action.show")}</a>
  </div>`;
}

function meaningLine() {
  const next = embeddings.value?.next;
  if (!next || route.value.name === "settings") return null;
  const words = t("status.meaning", { model: nameOf(next.model), share: shareLabel(next.total ? next.done / next.total : 0) });
  return html`<div class="status-line quiet"><${Icon} name="search" /><a class="cut" href="/settings/memory">${words}</a></div>`;
}

function openLine() {
  if (!openAddress.value) return null;
  return html`<div class="status-line warn">
    <${Icon} name="warning" /><span>${t("status.open", { address: openAddress.value })}</span>
    <button type="button" class="button small quiet" onClick=${acceptAddress}>${t("action.dismiss")}</button>
  </div>`;
}
