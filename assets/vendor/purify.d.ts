// What the page uses of DOMPurify.
export const DOMPurify: {
  sanitize(markup: string, rules: any): any;
  addHook(name: string, hook: (node: any) => void): void;
};
