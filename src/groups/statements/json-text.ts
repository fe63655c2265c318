/** The JSON text of a T: one parameter of a statement, whatever its size. A worker thread makes the text of a large one. */
export type JsonText<T> = string & { readonly of?: T };

/** Makes the JSON text. */
export const toJsonText = <T>(value: T): JsonText<T> => JSON.stringify(value);
