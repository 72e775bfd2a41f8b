/** Every message as it comes, narrowed by who, to whom, what kind and which words; one of them opened beside the list. */
import { filterOf, logPath } from "../../lib/bus-address.js";
import { go, route } from "../../lib/router.js";
import { t } from "../../lib/text.js";
import { clients, loadClients } from "../../state/bus.js";
import { useEffect, useRef } from "../../vendor/hooks.js";
import { html } from "../../vendor/html.js";
import { LogFilters } from "./log-filters.js";
import { LogList, useLog } from "./log-list.js";
import { MessageDetail } from "./message-detail.js";

/** `/agents/log/{message}?from=&to=&type=&text=` */
export function LogPage() {
  const { id, query } = route.value;
  const filter = filterOf(query);
  const log = useLog(filter);
  const narrowed = Object.values(filter).some(Boolean);
  useEffect(() => {
    if (!clients.peek()) loadClients().catch(() => {});
  }, []);
  // Whoever closes a message goes on in the list where it stands.
  const opened = useRef(id);
  useEffect(() => {
    if (!id && opened.current) /** @type {HTMLElement|null} */ (document.querySelector(`.bus-list .bus-row[href*="${opened.current}"]`))?.focus();
    opened.current = id;
  }, [id]);
  const change = (fields) => go(logPath({ ...filter, ...fields }, id), true);
  const none = narrowed
    ? html`<p>${t("log.none_fit")}</p><button type="button" class="button" onClick=${() => go(logPath({}, id))}>${t("log.show_all")}</button>`
    : html`<p>${t("log.none")}</p><a class="button" href="/agents/send">${t("log.send_one")}</a>`;
  return html`<div class=${`bus-log ${id ? "with-message" : ""}`}>
    <section class="bus-log-list" aria-label=${t("agents.log")}>
      <h2 class="hidden">${t("agents.log")}</h2>
      <${LogFilters} filter=${filter} change=${change} log=${log} />
      <${LogList} log=${log} filter=${filter} shown=${id} none=${none} />
    </section>
    ${id && html`<${MessageDetail} key=${id} id=${id} filter=${filter} />`}
  </div>`;
}
