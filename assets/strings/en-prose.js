/** English: what stands in and around an answer's text. */
export const enProse = {
  "prose.text": "text",
  "prose.copy": "Copy",
  "prose.copied": "Copied",
  "prose.wrap": "Wrap",
  "prose.download": "Download",
  "prose.code": "Code, {language}",
  "prose.image": "Picture from {url} (opens in a new tab)",
  "prose.cite": "Source {n}",
  "prose.footnote": "Footnote {id}",
  "prose.footnote_back": "Back to the text",
  "prose.table": "Table",
  "prose.diagram": "Diagram",
  "prose.diagram_failed": "This diagram cannot be drawn: {reason}",
  "prose.diagram_source": "Show the source",
  "prose.diagram_picture": "Show the picture",
};
