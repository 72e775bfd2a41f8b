// What the page uses of Preact: enough to check our own code, no more.
export type VNode = { type: any; props: any; key: any };
export class Component<P = any, S = any> {
  props: P;
  state: S;
  setState(next: Partial<S> | ((state: S) => Partial<S>), then?: () => void): void;
  forceUpdate(): void;
}
export const Fragment: any;
export const options: any;
export function h(type: any, props?: any, ...children: any[]): VNode;
export const createElement: typeof h;
export function render(node: any, parent: Element | DocumentFragment | null): void;
export function createContext<T>(value: T): any;
export function createRef<T = any>(): { current: T | null };
export function cloneElement(node: any, props?: any, ...children: any[]): VNode;
export function isValidElement(node: any): boolean;
export function toChildArray(children: any): any[];
export function createPortal(node: any, parent: Element): any;
