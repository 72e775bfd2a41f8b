/** How far a message came with one client, in a row of a list. */
import { deliveriesOf, watchDeliveries } from "../../state/bus-deliveries.js";
import { useEffect } from "../../vendor/hooks.js";
import { html } from "../../vendor/html.js";
import { Progress } from "./signs.js";

/** @param {{id: string, client: string}} props */
export function DeliveryState({ id, client }) {
  useEffect(() => watchDeliveries(id), [id]);
  const state = deliveriesOf(id).value?.find((entry) => entry.client_id === client)?.state;
  return state ? html`<${Progress} state=${state} />` : null;
}
