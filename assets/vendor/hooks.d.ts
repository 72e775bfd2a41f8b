// What the page uses of Preact's hooks.
type Cleanup = void | undefined | (() => any);
export function useState<T = any>(initial?: T | (() => T)): [T, (next: T | ((before: T) => T)) => void];
export function useState(initial: null): [any, (next: any) => void];
export function useRef<T = any>(initial?: T | null): { current: T };
export function useEffect(run: () => any, inputs?: readonly any[]): void;
export function useLayoutEffect(run: () => any, inputs?: readonly any[]): void;
export function useMemo<T>(make: () => T, inputs?: readonly any[]): T;
export function useCallback<T>(callback: T, inputs: readonly any[]): T;
export function useReducer(reduce: any, initial: any, init?: any): [any, (action: any) => void];
export function useContext(context: any): any;
export function useId(): string;
export function useErrorBoundary(handle?: (error: any) => any): [any, () => void];
export function useImperativeHandle(ref: any, make: () => any, inputs?: readonly any[]): void;
