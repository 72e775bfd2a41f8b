/** A node from its name, attributes and children: text always stays text. */
export function element(/** @type {string} */ name, /** @type {Record<string, string>} */ attributes = {}, .../** @type {(Node | string)[]} */ children) {
  const node = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
  node.append(...children);
  return node;
}
