/** The JSON text of a T: one parameter for PostgreSQL however large, made where a large one does not block the event loop. */
export type Json<T> = string & { readonly of?: T };

/** Makes the JSON text. */
export const toJson = <T>(value: T): Json<T> => JSON.stringify(value);
