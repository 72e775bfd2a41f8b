// htm bound to Preact's h.
export function html(strings: TemplateStringsArray, ...values: any[]): any;
