/** What stands before everything: the pages for a password while they are needed, else the whole interface. */
import { Later } from "../../components/later.js";
import { route } from "../../lib/router.js";
import { atDoor } from "../../state/session.js";
import { listenToShortcuts } from "../../state/shortcuts.js";
import { useEffect } from "../../vendor/hooks.js";
import { html } from "../../vendor/html.js";
import { doors } from "./parts.js";
import { Shell } from "./shell.js";

/** The root of the page. */
export function Gate() {
  const outside = atDoor.value;
  useEffect(() => listenToShortcuts(!outside), [outside]);
  if (!outside) return html`<${Shell} />`;
  const name = route.value.name === "setup" ? "SetupPage" : "LoginPage";
  return html`<${Later} key=${name} load=${doors} name=${name} />`;
}
