/** Which chats the sidebar shows: all, one folder, one tag, the archive or the trash. */
import { Icon } from "../../components/icon.js";
import { Menu } from "../../components/menu.js";
import { t } from "../../lib/text.js";
import { filter, folders, listed, setFilter, tags } from "../../state/conversations.js";
import { marking } from "../../state/keeping.js";
import { html } from "../../vendor/html.js";
import { LabelDialog } from "./label-dialog.js";
import { askPurge, PurgeDialog } from "./purge.js";

const ALL = { view: "active", folder: null, tag: null };

/** The line above the list. */
export function FilterBar() {
  const { view, folder, tag } = filter.value;
  const name = folder ?? tag ?? t(`view.${view}`);
  const icon = folder ? "folder" : tag ? "tag" : { active: "chat", archived: "archive", trash: "trash" }[view];
  const filtered = folder || tag || view !== "active";
  return html`<div class="filter-bar">
    <${Menu} class="filter-name" label=${t("filter.menu")} items=${choices}><${Icon} name=${icon} /><span class="cut">${name}</span><${Icon} name="down" /><//>
    ${filtered && html`<button type="button" class="icon-button" aria-label=${t("filter.clear")} title=${t("filter.clear")} onClick=${() => setFilter(ALL)}><${Icon} name="close" /></button>`}
    ${view === "trash" && listed.value.length > 0 && html`<button type="button" class="button small quiet danger" onClick=${() => askPurge(listed.value)}>${t("trash.empty")}</button>`}
    ${!filtered && listed.value.length > 1 && html`<button type="button" class="icon-button" aria-label=${t("bulk.start")} title=${t("bulk.start")} onClick=${() => (marking.value = true)}><${Icon} name="check" /></button>`}
    <${LabelDialog} /><${PurgeDialog} />
  </div>`;
}

function choices() {
  const { view, folder, tag } = filter.value;
  const plain = !folder && !tag;
  const choose = (change) => () => setFilter({ ...ALL, ...change });
  return [
    { label: t("view.active"), icon: "chat", checked: plain && view === "active", onSelect: choose({}) },
    ...folders.value.map(({ name, count }) => ({ label: name, icon: "folder", hint: String(count), checked: folder === name, onSelect: choose({ folder: name }) })),
    ...tags.value.map(({ name, count }) => ({ label: name, icon: "tag", hint: String(count), checked: tag === name, onSelect: choose({ tag: name }) })),
    { label: t("view.archived"), icon: "archive", checked: view === "archived", onSelect: choose({ view: "archived" }) },
    { label: t("view.trash"), icon: "trash", checked: view === "trash", onSelect: choose({ view: "trash" }) },
  ];
}
