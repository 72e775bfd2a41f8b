/** Messages in a list that grows at its top while one looks at it. Only what is seen is drawn. */
import { Icon } from "../../components/icon.js";
import { VirtualList } from "../../components/virtual-list.js";
import { t } from "../../lib/text.js";
import { followBus } from "../../state/bus.js";
import { Log } from "../../state/bus-log.js";
import { reasonOf } from "../../state/notices.js";
import { useCallback, useEffect, useMemo, useRef, useState } from "../../vendor/hooks.js";
import { html } from "../../vendor/html.js";
import { MessageRow } from "./message-row.js";

const MORE = "more:";
const ROW_REM = 2.75;
// So far down, one still looks at the newest.
const NEAR_ROWS = 1;

/**
 * The log of a filter, fetched at once and kept in step; the one before it stays until it is there.
 * @param {import("../../lib/bus-address.js").Filter} filter
 */
export function useLog(filter) {
  const log = useMemo(() => new Log(filter), [JSON.stringify(filter)]);
  const [shown, setShown] = useState(log);
  useEffect(() => {
    let left = false;
    log.load().catch(() => {}).finally(() => left || setShown(log));
    const stop = followBus(() => log.news());
    return () => {
      left = true;
      stop();
    };
  }, [log]);
  return shown;
}

/**
 * @param {{log: Log, filter: Partial<import("../../lib/bus-address.js").Filter>, shown?: string|null, client?: string|null, none: any}} props
 *   `filter` goes into the addresses of the rows; `client`: whose deliveries are shown
 */
export function LogList({ log, filter, shown = null, client = null, none }) {
  const list = log.messages.value;
  const { state, more, fresh, error } = log.facts.value;
  const control = useRef(null);
  const [down, setDown] = useState(false);
  const byId = useMemo(() => new Map(list.map((message) => [message.id, message])), [list]);
  const keys = useMemo(() => [...byId.keys(), ...(more ? [MORE] : [])], [byId, more]);
  const address = JSON.stringify(filter);
  const guess = useCallback(() => ROW_REM * parseFloat(getComputedStyle(document.documentElement).fontSize), []);
  const row = useCallback(
    (key) => (key === MORE ? html`<p class="hint chat-more">${t("list.more")}</p>` : html`<${MessageRow} message=${byId.get(key)} filter=${JSON.parse(address)} shown=${key === shown} client=${client} />`),
    [byId, shown, address, client],
  );
  useEffect(() => setDown(false), [log]);
  useEffect(() => log.stand(down), [log, down]);
  if (state === "loading") return html`<p class="empty"><span class="spinner" role="img" aria-label=${t("list.loading")}></span></p>`;
  if (state === "failed") {
    return html`<div class="empty" role="alert"><p>${reasonOf(error)}</p>
      <button type="button" class="button" onClick=${() => log.load().catch(() => {})}>${t("action.retry")}</button></div>`;
  }
  if (!list.length) return html`<div class="empty">${none}</div>`;
  const onSeen = (key) => setDown(keys.indexOf(key) > NEAR_ROWS);
  const up = () => {
    setDown(false);
    const box = control.current?.element();
    if (box) box.scrollTop = 0;
    box?.querySelector("a")?.focus({ preventScroll: true });
  };
  return html`<div class="bus-list-box" onKeyDown=${onKeyDown}>
    <div role="status" class="bus-fresh">${down && fresh && html`<button type="button" class="button small primary" onClick=${up}><${Icon} name="send" />${t("log.fresh")}</button>`}</div>
    <${VirtualList} class="bus-list" keys=${keys} guess=${guess} row=${row} newest onSeen=${onSeen} onEnd=${() => log.older()} control=${control} label=${t("agents.messages")} role="group" />
  </div>`;
}

/** Arrows walk the rows. */
function onKeyDown(event) {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  const rows = [...event.currentTarget.querySelectorAll("a.bus-row")];
  const at = rows.indexOf(/** @type {any} */ (document.activeElement));
  if (!step || at === -1) return;
  event.preventDefault();
  rows[at + step]?.focus();
}
