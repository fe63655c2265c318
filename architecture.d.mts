export declare const ARROWS: Readonly<Record<string, readonly string[]>>;
