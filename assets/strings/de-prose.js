/** German: what stands in and around an answer's text. */
export const deProse = {
  "prose.text": "Text",
  "prose.copy": "Kopieren",
  "prose.copied": "Kopiert",
  "prose.wrap": "Umbrechen",
  "prose.download": "Herunterladen",
  "prose.code": "Code, {language}",
  "prose.image": "Bild von {url} (öffnet einen neuen Tab)",
  "prose.cite": "Quelle {n}",
  "prose.footnote": "Fußnote {id}",
  "prose.footnote_back": "Zurück zum Text",
  "prose.table": "Tabelle",
  "prose.diagram": "Diagramm",
  "prose.diagram_failed": "Dieses Diagramm lässt sich nicht zeichnen: {reason}",
  "prose.diagram_source": "Quelltext zeigen",
  "prose.diagram_picture": "Bild zeigen",
};
