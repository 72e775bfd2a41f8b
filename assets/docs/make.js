// Elements from words: text is always text, so nothing that the document says can become markup.

/**
 * Makes an element. A property that is a function listens; others are attributes.
 * @param {string} tag
 * @param {Record<string, any>} [properties]
 * @param {...(Node | string | null | undefined | false)} children
 * @returns {HTMLElement}
 */
export function make(tag, properties = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (typeof value === "function") element.addEventListener(name, value);
    else if (value !== undefined && value !== false) element.setAttribute(name, value === true ? "" : value);
  }
  for (const child of children) if (child) element.append(child);
  return element;
}

/**
 * A line of a description: `code` is shown as code, the rest as it stands.
 * @param {string} text
 * @returns {(Node | string)[]}
 */
export function line(text) {
  return text.split("`").map((part, n) => (n % 2 ? make("code", {}, part) : part));
}

/**
 * A description: paragraphs, and lists of the lines that begin with a dash.
 * @param {string | undefined} text
 * @returns {HTMLElement[]}
 */
export function prose(text) {
  const blocks = (text ?? "").split(/\n\s*\n/).filter((block) => block.trim());
  return blocks.flatMap((block) => {
    const parts = block.split(/\n(?=- )/);
    const lead = parts[0].startsWith("- ") ? null : parts.shift();
    const items = parts.map((item) => make("li", {}, ...line(item.slice(2).replace(/\s+/g, " "))));
    return [lead && make("p", {}, ...line(lead)), items.length && make("ul", {}, ...items)].filter((made) => made instanceof HTMLElement);
  });
}
